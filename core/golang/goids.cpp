#include "golang/goids.h"

#include <algorithm>

namespace parked::golang {

std::uint64_t goidSpread(const Snapshot& snapshot, std::uint64_t count) {
  constexpr std::uint64_t kBatch = 16;
  return count + kBatch * std::max<std::uint64_t>(snapshot.gomaxprocs, 1);
}

}  // namespace parked::golang
