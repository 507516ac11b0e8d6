// Phrases the text renderers share.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "report/apart.h"
#include "report/model.h"
#include "report/page.h"
#include "report/verdict_look.h"

namespace parked::report {

/// "chan send", or the status when the goroutine is not blocked: "running", "syscall"; "in C code".
std::string reasonText(const leak::Analysis& analysis, Index goroutine);
/// "at least 41m", "" when nothing is known.
std::string waitText(std::int64_t atLeast);
/// What is to be said behind the place: "in goroutine 7", "where goroutine 7 was created".
std::string originNote(const leak::Origin& origin);
/// "goroutine 18", "goroutines 18, 19, 20, ...".
std::string goroutineList(const golang::Snapshot& snapshot, std::span<const Index> members);
/// "select of 2 cases, 20 different channels, e.g.", of a group that waits in a select.
std::string selectText(const leak::Group& group, std::size_t cases);
/// What the members of a group wait on: "1,000 different channels, e.g. chan int …".
std::string groupObjects(const Report& report, const leak::Group& group);
/// Who may hold the lock: "goroutine 8, it seems: main.f locked it at f.go:12, stands at f.go:15".
/// A line each; empty if nobody was found.
std::vector<std::string> holderTexts(const Report& report, const golang::Wait& wait);
std::vector<std::string> holderTexts(const Report& report, Index lock);
/// "SIGABRT"; "signal 77" for one without a name.
std::string signalName(int signal);
/// "2025-11-23 03:12:44 UTC".
std::string utcTime(std::int64_t nsSince1970);
/// The last element of a path.
std::string_view baseName(std::string_view path);
/// How to run a command of the family here, with the options that chose and judged what is shown,
/// if it has them; when the whole line does not fit behind `used` columns, "parked ... report
/// --all".
std::string hintCommand(const Page& page, const TextStyle& style, std::string_view command,
                        std::size_t used);
/// "1,208 more: parked goroutines --all", nothing if nothing is left.
void putMore(Page& page, const TextStyle& style, std::uint64_t left, std::string_view command);
/// How the proof went: "given: …", "withheld: …", "not asked for".
std::string proofText(const proof::Proof* proof);
/// What a withheld proof means for the reader.
std::string withheldMeaning(const Census& census);
/// "3 x stack: stack memory is not in the core (first at 0xc000…)".
/// For how long the process had run: "7s", or "at least 7s"; "" if that is not known.
std::string upText(const TargetInfo& target);

/// "1 of 2 in this process; the other: libb.so", "" if it is the only one.
std::string otherRuntimesText(const TargetInfo& target);
std::string incompleteText(const Incomplete& entry);
/// What the program was just changing, in one line; "" if nothing.
std::string momentaryText(const golang::Snapshot& snapshot);

/// Why a list of the report's goroutines is empty.
std::string noGoroutinesText(const Report& report);

/// What the leak of a group costs, and which other leak it follows from; nothing if it holds
/// nothing.
void putHolding(Page& page, std::size_t indent, std::size_t label, const Report& report,
                const leak::Group& group);

/// What rules found about pools, files, contexts and timers.
void putResourceFindings(Page& page, const Report& report,
                         const std::vector<const rules::Finding*>& findings);
/// "4 more groups, 130 goroutines, 120 of them leaked, 2 findings".
std::string leftText(const Report& report, const std::vector<const leak::Group*>& left);

/// The header: program, when and how, how many goroutines, what was not readable.
void putHeader(Page& page, const Report& report);
/// The line of source at a place, under it, as compilers show it; nothing if it is not at hand.
void putSourceLine(Page& page, std::size_t indent, const Report& report, std::string_view file,
                   std::int32_t line);
/// Page::placeField() with that line.
void putPlace(Page& page, std::size_t indent, std::size_t label, std::string_view words,
              const Report& report, const leak::Place& place, std::string_view suffix = {});
/// "at": the user's line that a goroutine stands in, and where the library it calls blocks.
void putUserLine(Page& page, std::size_t indent, const Report& report, Index goroutine);
/// As Go's traceback prints a stack: "main.f(0x1, 0x2)" and the position under it; `limit` calls,
/// 0: all, for which somebody may say `more`.
void putStack(Page& page, const Report& report, Index goroutine, std::uint64_t limit,
              std::string_view more = "--all");
/// One group: a line, and its fields under it.
struct GroupColumns {
  std::size_t count = 1, heading = 1, wait = 0;
  std::unordered_map<const leak::Group*, std::vector<Apart>> apart;
};
GroupColumns measureGroups(const Report& report, const std::vector<const leak::Group*>& shown);
void putGroup(Page& page, const Report& report, const leak::Group& group,
              const GroupColumns& widths);

}  // namespace parked::report
