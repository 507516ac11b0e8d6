// The text of the commands that tell of goroutines, and of one goroutine or channel in full; the
// lists of everything else are sections (section.h).
#pragma once

#include <cstdint>

#include "report/document.h"
#include "report/render.h"

namespace parked::report {

/// The groups alone, without header and timers.
void renderGroups(const Report& report, const TextOptions& options, const TextStyle& style,
                  const Sink& sink);
/// One line a goroutine. `limit` 0: all. `stacks`: under it so many calls of its stack, 0: all.
void renderGoroutines(const Report& report, std::uint64_t limit,
                      std::optional<std::uint64_t> stacks, const TextStyle& style,
                      const Sink& sink);
/// Everything known of one goroutine: verdict, what it waits on and who else does, labels, its
/// creators, the rules it is a case of, what its group retains, the whole stack. The report is
/// onlyGroupOf() it.
void renderGoroutine(const Report& report, Index goroutine, std::uint64_t limit,
                     const TextStyle& style, const Sink& sink);
/// Whether something that can still run reaches what the goroutine waits on, and the way.
void renderWhy(const Report& report, Index goroutine, const TextStyle& style, const Sink& sink);
/// The same as `why` of a document.
/// One value: `why` of a document.
void putWhy(JsonWriter& json, const Report& report, Index goroutine);
void addWhy(Document& document, Index goroutine);
/// Of a select the goroutine waits in, who could make each case ready; nothing if nothing is known.
void addCases(Document& document);
/// One channel with the goroutines in both queues.
void renderChannel(const Report& report, Index channel, std::uint64_t limit, const TextStyle& style,
                   const Sink& sink);
/// The channel as the one element of `channels`.
void addChannel(Document& document, Index channel);
/// What was not readable, below any of these; nothing if all was.
void renderIncomplete(const Report& report, const TextStyle& style, const Sink& sink);

}  // namespace parked::report
