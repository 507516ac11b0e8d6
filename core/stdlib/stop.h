// Whether the user asked to stop, for loops of many small steps.
#pragma once

#include <cstdint>

#include "base/observer.h"

namespace parked::stdlib {

class Stop {
 public:
  /// `observer` may be null.
  explicit Stop(Observer* observer) : observer_(observer) {}

  /// Called at each step; asks the observer at one of a few thousand. Once true it stays so.
  bool operator()() {
    constexpr std::uint32_t kAskEvery = 1 << 12;
    if (!stopped_ && observer_ != nullptr && steps_++ % kAskEvery == 0) {
      stopped_ = observer_->cancelled();
    }
    return stopped_;
  }

 private:
  Observer* observer_;
  std::uint32_t steps_ = 0;
  bool stopped_ = false;
};

}  // namespace parked::stdlib
