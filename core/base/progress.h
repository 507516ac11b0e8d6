// A loop's count: tells the caller how far it came, and is told to stop.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/observer.h"

namespace parked {

class Progress {
 public:
  // Steps between two looks at the observer: so many that asking costs nothing, so few that Ctrl-C
  // is heard at once.
  static constexpr std::uint32_t kUsual = 1 << 12;
  static constexpr std::uint32_t kCheap = 1 << 16;  ///< of a few instructions each
  static constexpr std::uint32_t kDear = 1 << 8;    ///< each of which is a loop itself

  /// `observer` may be null: nobody is told, and nobody says stop.
  explicit Progress(Observer* observer, std::uint32_t every = kUsual)
      : observer_(observer), every_(every) {}
  /// Tells of `stage`, too; `total` is 0 where it is not known. The name must outlive the object.
  Progress(Observer* observer, std::string_view stage, std::uint64_t total,
           std::uint32_t every = kUsual)
      : observer_(observer), stage_(stage), total_(total), every_(every) {}

  /// Counts a step. False once the user asked to stop, and from then on.
  bool step() { return step(steps_); }
  /// The same where something else than steps is told of.
  bool step(std::uint64_t done) {
    if (observer_ == nullptr || stopped_ || steps_++ % every_ != 0) return !stopped_;
    if (!stage_.empty()) observer_->progress(stage_, done, total_);
    stopped_ = observer_->cancelled();
    return !stopped_;
  }
  /// Asks now, whatever the count is.
  bool stopped() {
    if (!stopped_ && observer_ != nullptr) stopped_ = observer_->cancelled();
    return stopped_;
  }

 private:
  Observer* observer_;
  std::string_view stage_;
  std::uint64_t total_ = 0;
  std::uint64_t steps_ = 0;
  std::uint32_t every_;
  bool stopped_ = false;
};

}  // namespace parked
