#include "leak/static_holders.h"

#include <algorithm>
#include <utility>

#include "proof/global_roots.h"

namespace parked::leak {

namespace {

constexpr std::uint64_t kLargest = 1 << 16;

std::vector<StaticHolders::Pointer> namedPointers(image::Image& image, const heap::Heap& heap) {
  std::vector<StaticHolders::Pointer> pointers;
  proof::visitGlobals(image, [&](Addr at, Addr value) {
    if (heap.find(value) || image.variableAt(at).name.empty()) return;
    pointers.push_back({at, value});
  });
  return pointers;
}

}  // namespace

StaticHolders::StaticHolders(std::vector<Pointer> pointers) : pointers_(std::move(pointers)) {
  std::ranges::stable_sort(pointers_, {}, &Pointer::value);
  const auto repeated = std::ranges::unique(pointers_, {}, &Pointer::value);
  pointers_.erase(repeated.begin(), repeated.end());
}

StaticHolders::StaticHolders(image::Image& image, const heap::Heap& heap)
    : StaticHolders(namedPointers(image, heap)) {}

Addr StaticHolders::holderOf(Addr address) const {
  const auto behind = std::ranges::upper_bound(pointers_, address, {}, &Pointer::value);
  if (behind == pointers_.begin()) return 0;
  const Pointer& nearest = *std::prev(behind);
  return address - nearest.value < kLargest ? nearest.at : 0;
}

}  // namespace parked::leak
