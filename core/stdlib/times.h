// Moments that the standard library noted. Mirrors time/time.go, type Time, Go 1.18 to 1.27.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "golang/snapshot.h"
#include "stdlib/values.h"

namespace parked::stdlib {

class Times {
 public:
  /// `values` must outlive the object.
  Times(const golang::Snapshot& snapshot, const Values& values);

  /// Of the time.Time at the address: ns of the target's monotonic clock; 0 if it has no monotonic
  /// reading.
  std::int64_t monotonic(Addr time) const;

 private:
  const Values& values_;
  Addr base_ = 0;  ///< what a monotonic reading counts from, in ns of the monotonic clock
};

}  // namespace parked::stdlib
