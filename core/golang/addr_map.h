// A flat hash from addresses to indices: one array, open addressing. The walkers keep one entry per
// goroutine in such maps, where a node-based map would cost an allocation and a cache miss each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"

namespace parked::golang {

class AddrMap {
 public:
  static constexpr std::uint32_t kMissing = 0xffffffff;

  explicit AddrMap(std::size_t expected = 0) {
    if (expected != 0) reserve(expected);
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Room for `expected` keys without growing.
  void reserve(std::size_t expected) {
    std::size_t capacity = kSmallest;
    while (capacity * 2 / 3 < expected) capacity *= 2;
    if (capacity > slots_.size()) rehash(capacity);
  }

  /// Stores `value` under `key` unless the key is there already; true if it was stored. Key 0 (the
  /// nil pointer) is never stored.
  bool insert(Addr key, std::uint32_t value) {
    if (key == 0) return false;
    if ((size_ + 1) * 3 > slots_.size() * 2) {
      rehash(slots_.empty() ? kSmallest : slots_.size() * 2);
    }
    Slot& slot = slots_[locate(key)];
    if (slot.key == key) return false;
    slot = {key, value};
    ++size_;
    return true;
  }

  /// The value stored under `key`, kMissing if there is none.
  std::uint32_t find(Addr key) const {
    if (size_ == 0 || key == 0) return kMissing;
    const Slot& slot = slots_[locate(key)];
    return slot.key == key ? slot.value : kMissing;
  }
  bool contains(Addr key) const { return size_ != 0 && key != 0 && slots_[locate(key)].key == key; }

 private:
  static constexpr std::size_t kSmallest = 16;
  struct Slot {
    Addr key = 0;
    std::uint32_t value = 0;
  };

  // The addresses come from the target, so whoever made the target could choose them to collide:
  // two rounds of mixing with a seed that is not known to him.
  static std::uint64_t seed();
  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ seed()) * 0x9e3779b97f4a7c15U;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93U;
    return x ^ (x >> 32);
  }

  std::size_t locate(Addr key) const {
    std::size_t i = mix(key) & mask_;
    while (slots_[i].key != 0 && slots_[i].key != key) i = (i + 1) & mask_;
    return i;
  }

  void rehash(std::size_t capacity) {
    std::vector<Slot> old(capacity);
    old.swap(slots_);
    mask_ = capacity - 1;
    for (const Slot& slot : old) {
      if (slot.key != 0) slots_[locate(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  std::size_t mask_ = 0;
};

inline std::uint64_t AddrMap::seed() {
  // Address space randomisation is all the randomness that is needed here.
  static int anchor;
  static const std::uint64_t value = reinterpret_cast<std::uintptr_t>(&anchor);
  return value;
}

}  // namespace parked::golang
