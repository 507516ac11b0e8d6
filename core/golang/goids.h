// How goroutines get their numbers. Mirrors runtime/proc.go (newproc1, _GoidCacheBatch), Go 1.18 to
// 1.27.
#pragma once

#include <cstdint>

#include "golang/snapshot.h"

namespace parked::golang {

/// By how much the goids of `count` goroutines may differ that one loop has started, or one after
/// the other without others in between: they are handed out to each P a block at a time.
std::uint64_t goidSpread(const Snapshot& snapshot, std::uint64_t count);

}  // namespace parked::golang
