// The renderers of the other commands: lists of goroutines, channels, locks and timers, and one
// goroutine or channel in full.
#pragma once

#include <cstdint>

#include "report/render.h"

namespace parked::report {

/// The groups alone, without header and timers.
void renderGroups(const Report& report, const TextOptions& options, const TextStyle& style,
                  const Sink& sink);
/// One line a goroutine, by goid. `limit` 0: all.
void renderGoroutines(const Report& report, std::uint64_t limit, const TextStyle& style,
                      const Sink& sink);
/// Everything known of one goroutine: verdict, what it waits on and who else does, labels, its
/// creators, the rules it is a case of, what its group retains, the whole stack. The report is
/// onlyGroupOf() it.
void renderGoroutine(const Report& report, Index goroutine, std::uint64_t limit,
                     const TextStyle& style, const Sink& sink);
/// Whether something that can still run reaches what the goroutine waits on, and the way.
void renderWhy(const Report& report, Index goroutine, const TextStyle& style, const Sink& sink);
/// Every channel somebody waits on, most waiters first.
void renderChannels(const Report& report, std::uint64_t limit, const TextStyle& style,
                    const Sink& sink);
/// One channel with the goroutines in both queues.
void renderChannel(const Report& report, Index channel, std::uint64_t limit, const TextStyle& style,
                   const Sink& sink);
/// Every lock, WaitGroup and Cond somebody waits on, most waiters first.
void renderLocks(const Report& report, std::uint64_t limit, const TextStyle& style,
                 const Sink& sink);
/// Timers by what they do, and the next to fire.
void renderTimers(const Report& report, std::uint64_t limit, const TextStyle& style,
                  const Sink& sink);
/// net/http: Transports with their connections, and servers.
void renderHttp(const Report& report, std::uint64_t limit, const TextStyle& style,
                const Sink& sink);
/// database/sql: pools with their connections and who waits for one.
void renderSql(const Report& report, std::uint64_t limit, const TextStyle& style, const Sink& sink);
/// File descriptors with the Go objects behind them.
void renderFiles(const Report& report, std::uint64_t limit, const TextStyle& style,
                 const Sink& sink);
/// The trees of contexts.
void renderContexts(const Report& report, std::uint64_t limit, const TextStyle& style,
                    const Sink& sink);
/// Goroutines that nobody can stop: those that can wake one another taken together, by kind.
void renderIslands(const Report& report, std::uint64_t limit, const TextStyle& style,
                   const Sink& sink);
/// What the program died of, with the stack, `limit` calls of it; and goroutines whose panics are
/// still in progress.
void renderCrash(const Report& report, std::uint64_t limit, const TextStyle& style,
                 const Sink& sink);
/// What was not readable, below any of these; nothing if all was.
void renderIncomplete(const Report& report, const TextStyle& style, const Sink& sink);
/// Where every piece of the report comes from.
void renderInfo(const Report& report, const TextStyle& style, const Sink& sink);

}  // namespace parked::report
