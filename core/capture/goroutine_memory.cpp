#include "capture/goroutine_memory.h"

#include <algorithm>

namespace parked::capture {

namespace {

/// No g, sudog, channel or lock is longer; memory is copied by the page.
constexpr std::uint64_t kObject = 512;
/// Of a stack that is deep the innermost frames say most.
constexpr std::uint64_t kMostStack = 64 << 10;

void add(std::vector<target::Range>& ranges, Addr start, std::uint64_t size) {
  if (start != 0 && start <= ~Addr{0} - size) ranges.push_back({start, start + size});
}

}  // namespace

target::Range listOfGoroutines(image::Image& image) {
  auto& memory = image.target().memory();
  const auto symbol = image.symbol("runtime.allgs");
  Addr data = 0;
  std::uint64_t count = 0;
  if (!symbol || !memory.read(*symbol, data) || !memory.read(*symbol + sizeof(Addr), count)) {
    return {};
  }
  const target::Region* region = memory.region(data);
  if (region == nullptr) return {};
  return {data, data + std::min<std::uint64_t>(count, (region->end - data) / sizeof(Addr)) *
                           sizeof(Addr)};
}

std::vector<target::Range> memoryOf(const golang::Snapshot& snapshot, std::size_t first,
                                    std::size_t last) {
  std::vector<target::Range> ranges;
  for (std::size_t i = first; i < std::min(last, snapshot.goroutines.size()); ++i) {
    const golang::Goroutine& goroutine = snapshot.goroutines[i];
    add(ranges, goroutine.address, kObject);
    if (goroutine.sp >= goroutine.stackLo && goroutine.sp < goroutine.stackHi) {
      add(ranges, goroutine.sp, std::min(goroutine.stackHi - goroutine.sp, kMostStack));
    }
    for (const golang::Wait& wait : snapshot.waitsOf(goroutine)) {
      add(ranges, wait.sudog, kObject);
      add(ranges, wait.address, kObject);
    }
  }
  return ranges;
}

}  // namespace parked::capture
