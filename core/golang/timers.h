// The runtime's timers: what will fire, when, and whose function it calls.
// Mirrors runtime/time.go, Go 1.18 to 1.27 (rewritten in 1.23).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "golang/access.h"
#include "golang/addr_map.h"
#include "golang/snapshot.h"

namespace parked::golang {

/// Fills Snapshot::timers from the heap of every P. Timers of synctest bubbles are not in them:
/// their clock is not the process's.
void readTimers(Snapshot& snapshot);

/// The same over any runtime (tests).
void readTimers(Snapshot& snapshot, Access& access);

/// Reads single timers.
class TimerReader {
 public:
  explicit TimerReader(Access& access);

  bool usable() const { return missing_.empty(); }
  const std::vector<std::string>& missing() const { return missing_; }

  struct Read {
    Timer timer;
    Addr owner = 0;         ///< the P (up to 1.22) or `timers` (1.23+) it says it is in, 0: none
    bool fake = false;      ///< it runs on a synctest bubble's clock
    bool changing = false;  ///< somebody was changing it: its fields may be of two states
  };
  /// nullopt if the timer is not readable.
  std::optional<Read> read(Addr address);
  /// Notes the moment a ticker fired last or, if it never has, was made or reset: its period before
  /// it is due (runtime/time.go: runOneTimer, unlockAndRun).
  static void notePassed(const Read& read, Clock& clock);

 private:
  /// What a timer's callback says about its kind, told once per function.
  TimerKind kindOf(Addr function);

  Access& access_;
  std::vector<std::string> missing_;
  std::uint32_t size_ = 0;
  std::uint32_t argument_ = 0;
  image::Field<std::int64_t> when_, nextWhen_, period_;
  image::Field<Addr> function_, p_, timers_;
  image::Field<std::uint32_t> status_;
  image::Field<std::uint8_t> state_, isFake_;
  image::Field<std::uint64_t> lock_;  ///< since 1.23
  AddrMap kinds_;
  AddrMap contextCallbacks_;
};

}  // namespace parked::golang
