// The runtime's timers: what will fire, when, and whose function it calls.
// Mirrors runtime/time.go, Go 1.18 to 1.27 (rewritten in 1.23).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "golang/access.h"
#include "golang/addr_map.h"
#include "golang/snapshot.h"
#include "schema/timer.h"

namespace parked::golang {

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
  schema::TimerLayout layout_;
  AddrMap kinds_;
  AddrMap contextCallbacks_;
};

}  // namespace parked::golang
