// runtime.timer, and an entry of a heap of them. Mirrors runtime/time.go, Go 1.18 to 1.27
// (rewritten in 1.23).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/layout.h"

namespace parked::schema {

struct TimerLayout {
  std::uint32_t size = 0;
  image::Field<std::int64_t> when, period;
  image::Field<Addr> function;  ///< a func value
  std::uint32_t argument = image::Field<Addr>::kAbsent;
  // Up to 1.22:
  image::Field<std::int64_t> nextWhen;
  image::Field<std::uint32_t> status;
  image::Field<Addr> p;  ///< in whose heap it is
  // Since 1.23:
  image::Field<std::uint8_t> state;
  image::Field<Addr> timers;          ///< the set that it is in
  image::Field<std::uint8_t> isFake;  ///< it runs on the clock of a synctest bubble
  image::Field<std::uint64_t> lock;

  /// To `missing` go the names of fields that no walker of timers can do without.
  static TimerLayout of(image::LayoutSource& source, std::vector<std::string>& missing);
  static TimerLayout of(image::LayoutSource& source);
};

/// An entry of a heap: up to 1.22 a pointer, since 1.23 a runtime.timerWhen.
struct TimerEntryLayout {
  std::uint32_t size = 0;  ///< 0: not known
  image::Field<Addr> timer;

  static TimerEntryLayout of(image::LayoutSource& source, bool pairs);
};

}  // namespace parked::schema
