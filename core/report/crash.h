// What the program died of, in words: for the header, for `parked crash`, and for goroutines whose
// panics are still in progress.
#pragma once

#include <string>
#include <string_view>

#include "report/document.h"
#include "report/model.h"
#include "report/page.h"

namespace parked::report {

/// The panics that a goroutine is in; null if it is in none.
const golang::Panicking* panickingOf(const golang::Snapshot& snapshot, Index goroutine);

/// "panic: no such file (*fs.PathError) [recovered]", "runtime.Goexit".
std::string panicText(const golang::Panic& panic);
/// Where it was raised: the user's place.
leak::Place panicPlace(const Report& report, const golang::Panicking& panicking,
                       const golang::Panic& panic);
/// The function of a deferred call, at its `func` line.
leak::Place deferredPlace(const Report& report, Addr code);

/// "SIGSEGV (address not mapped) at address 0x0, in C code".
std::string signalText(const golang::Crash& crash);
/// In one line: "panic: …", "fatal error: …", or the signal.
std::string crashText(const Report& report);
/// Where the user's program stood: empty if no goroutine is known to have died.
leak::Place crashPlace(const Report& report);

/// The panics that the program died of; null if it died of something else.
const golang::Panicking* fatalPanics(const Report& report);
/// Fields: what it died of, and with `label` who and where.
void putCause(Page& page, const Report& report, const golang::Crash& crash);
void putWhere(Page& page, std::string_view label, const Report& report, const golang::Crash& crash);
/// "3 panicking goroutines in deferred calls that have not returned".
std::string inDeferredCalls(std::uint64_t goroutines);
/// What the header says of it all.
void putCrashHeader(Page& page, const Report& report);
/// A field for each panic that the goroutine is in, and the deferred calls that are still to run.
void putPanics(Page& page, std::size_t indent, std::size_t label, const Report& report,
               Index goroutine);

/// JSON: the object of `target.crash`, or null.
void putCrashObject(JsonWriter& json, const Report& report);
/// JSON: the goroutines that panic.
void addPanicking(Document& document);
/// JSON: a goroutine with its panics.
void putPanickingObject(JsonWriter& json, const Report& report, std::size_t number);

}  // namespace parked::report
