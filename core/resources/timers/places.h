// Where a timer was made and who has it, as far as that can be told from outside.
#pragma once

#include <string>
#include <string_view>

#include "leak/analysis.h"
#include "resources/timers/model.h"

namespace parked::resources {

/// Nothing in a timer says who made it. What surrounds it does.
struct TimerMaker {
  leak::Place place;     ///< empty: nothing tells
  std::string_view how;  ///< how the place is known: "made in", "started again by", ...
};
TimerMaker makerOf(const leak::Analysis& analysis, const Timers& timers, std::size_t timer);

/// "goroutine 5", "main.refresh (global)", "nobody but the runtime"; "" if it is not known.
std::string holderText(const leak::Analysis& analysis, const Timers& timers, std::size_t timer);

}  // namespace parked::resources
