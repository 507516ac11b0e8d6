// A flat hash from names to numbers. The names stay where they are (symbol tables, DWARF, pclntab:
// hundreds of thousands of them); the index keeps eight bytes a slot.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace parked::image {

class NameIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  /// `count`: about how many names will be added.
  explicit NameIndex(std::size_t count = 0) : slots_(std::bit_ceil(2 * count + 16)) {}

  /// Adds a number under a name. The same name may be added again: the first one is found.
  /// `id` must not be kNone.
  void add(std::string_view name, std::uint32_t id) {
    if (2 * (used_ + 1) > slots_.size()) grow();
    insert({hash(name), id});
    ++used_;
  }

  /// The number added first under `name`, kNone if none. `nameOf(id)` gives an entry's name back.
  template <class NameOf>
  std::uint32_t find(std::string_view name, NameOf nameOf) const {
    const std::uint32_t wanted = hash(name);
    for (std::size_t at = wanted & mask(); slots_[at].id != kNone; at = (at + 1) & mask()) {
      if (slots_[at].hash == wanted && nameOf(slots_[at].id) == name) return slots_[at].id;
    }
    return kNone;
  }

  std::size_t size() const { return used_; }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t id = kNone;
  };

  static std::uint32_t hash(std::string_view name) {
    return static_cast<std::uint32_t>(std::hash<std::string_view>{}(name));
  }
  std::size_t mask() const { return slots_.size() - 1; }

  void insert(Slot slot) {
    std::size_t at = slot.hash & mask();
    while (slots_[at].id != kNone) at = (at + 1) & mask();
    slots_[at] = slot;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    // From the first empty slot on, so that names added twice keep their order.
    std::size_t start = 0;
    while (old[start].id != kNone) ++start;
    for (std::size_t i = 0; i < old.size(); ++i) {
      const Slot& slot = old[(start + i) & (old.size() - 1)];
      if (slot.id != kNone) insert(slot);
    }
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace parked::image
