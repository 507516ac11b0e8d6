// Timers that do the same thing, taken together.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "report/model.h"
#include "resources/timers/model.h"

namespace parked::resources {

/// Timers that do the same thing.
struct TimerGroup {
  golang::TimerKind kind = golang::TimerKind::unknown;
  std::uint64_t count = 0;
  std::uint64_t stopped = 0;             ///< of count: stopped but still in a heap
  leak::Place callback;                  ///< the user's function, or empty
  std::int64_t period = 0;               ///< ns; 0: one-shot
  bool whenKnown = false;                ///< clock known: the two below are valid
  std::int64_t soonest = 0, latest = 0;  ///< ns from now; negative: overdue
  std::vector<Index> members;            ///< into timersOf()
  std::uint64_t idle = 0;                ///< of count: of channels nobody waits on, in no heap
  std::uint64_t unheld = 0;              ///< of count: nobody has them, so nobody can stop them
  std::uint64_t rearming = 0;            ///< of count: their function starts them again, it seems
  bool retainedKnown = false;
  std::uint64_t retainedBytes = 0;    ///< of heap that only functions of these timers keep alive
  std::uint64_t retainedObjects = 0;  ///< their number
};

/// All timers that are known: those of the runtime's heaps, then idle ones if they were asked for.
std::span<const golang::Timer> timersOf(const report::Report& report);
/// Timers by kind, callback and period, largest first.
std::vector<TimerGroup> groupTimers(const report::Report& report);
struct TimerKindTraits {
  golang::TimerKind value;
  std::string_view id;    ///< stable, for machines: "after_func"
  std::string_view name;  ///< "AfterFunc"
};
const TimerKindTraits& traitsOf(golang::TimerKind kind);

}  // namespace parked::resources
