// Moments that the standard library noted. Mirrors time/time.go, type Time, Go 1.18 to 1.27.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "golang/go_values.h"
#include "golang/snapshot.h"

namespace parked::resources {

using golang::GoValues;

class Times {
 public:
  /// `values` must outlive the object.
  Times(const golang::Snapshot& snapshot, const GoValues& values);

  /// Of the time.Time at the address: ns of the target's monotonic clock; 0 if it has no monotonic
  /// reading.
  std::int64_t monotonic(Addr time) const;

 private:
  const GoValues& values_;
  Addr base_ = 0;  ///< what a monotonic reading counts from, in ns of the monotonic clock
};

}  // namespace parked::resources
