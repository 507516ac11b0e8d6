// room: heap
// with: unit/golang/synthetic.cpp
// with: unit/heap/fake_heap.cpp
// The heap index, pointer maps, type masks and specials over a small intact heap into which the
// input writes: the first byte is the pointer scheme, then each eleven bytes are a place and the
// word that is put there.
#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "heap/fake_heap.h"
#include "heap/pointers.h"
#include "heap/specials.h"

namespace {

using namespace parked;
using heap::PointerScheme;

constexpr std::array<Addr, 8> kPlaces = {0x600000, 0x610000,   0x620000,
                                         0x650000, 0x10000000, test::kHeap};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  const auto scheme = static_cast<PointerScheme>(data[0] % 3);
  test::FakeHeap fake(scheme);
  const test::FakeHeap::SpanSpec small{.elementSize = 48};
  const Addr mspan = fake.add(small);
  fake.finalizer(mspan, 48, test::kHeap);
  fake.finalizer(mspan, 0, test::kHeap + 96);
  fake.pointer(small, test::kHeap + 48, test::kHeap);
  const test::FakeHeap::SpanSpec typed{.base = test::kHeap + 2 * heap::kPageSize,
                                       .elementSize = 1024};
  fake.add(typed);
  fake.target().put(typed.base, fake.type(400, 16, 0b10));
  fake.add({.base = test::kHeap + 4 * heap::kPageSize,
            .pages = 2,
            .elementSize = 2 * heap::kPageSize,
            .objects = 1,
            .large = true,
            .largeType = fake.type(64, 64, 0xff)});
  for (std::size_t i = 1; i + 11 <= size; i += 11) {
    std::uint16_t offset = 0;
    std::uint64_t value = 0;
    std::memcpy(&offset, data + i + 1, sizeof offset);
    std::memcpy(&value, data + i + 3, sizeof value);
    try {
      fake.target().put(kPlaces[data[i] % kPlaces.size()] + offset, value);
    } catch (const std::logic_error&) {
      // Behind the end of that place.
    }
  }
  const auto opened = fake.open();
  if (!opened) return 0;
  const heap::Heap& all = **opened;
  heap::TypeMasks types(fake.image());
  const heap::Pointers pointers(all, types);
  std::uint64_t visited = 0;
  for (std::uint32_t span = 0; span < all.spans().size(); ++span) {
    for (std::uint32_t i = 0; i < all.spans()[span].objects && i < 4096; ++i) {
      const heap::ObjectRef object{span, i};
      if (all.find(all.address(object)) != object && !all.problem()) __builtin_trap();
      if (all.spans()[span].scan && all.byScanSlot(all.scanSlot(object)) != object) {
        __builtin_trap();
      }
      all.allocated(object);
      pointers.visit(object, [&](Addr, Addr value) { visited += value != 0; });
    }
  }
  heap::readSpecials(fake.image(), all);
  return 0;
}
