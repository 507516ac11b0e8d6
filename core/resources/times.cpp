#include "resources/times.h"

namespace parked::resources {

namespace {

// Of Time.wall: `ext` is a monotonic reading.
constexpr Addr kHasMonotonic = Addr{1} << 63;

}  // namespace

Times::Times(const golang::Snapshot& snapshot, const GoValues& values) : values_(values) {
  if (const auto start = snapshot.image->symbol("time.startNano")) base_ = values_.pointer(*start);
  // The runtime's own start is a few microseconds off.
  if (base_ == 0) base_ = static_cast<Addr>(snapshot.clock.started);
}

std::int64_t Times::monotonic(Addr time) const {
  if ((values_.pointer(time) & kHasMonotonic) == 0) return 0;
  return static_cast<std::int64_t>(values_.pointer(time + sizeof(std::uint64_t)) + base_);
}

}  // namespace parked::resources
