#include "leak/times.h"

#include "base/text.h"
#include "golang/clock.h"

namespace parked::leak {

std::string leftText(const golang::Clock& clock, std::int64_t left) {
  return (golang::isLowerBound(clock) ? "at most " : "") + humanDuration(left);
}

}  // namespace parked::leak
