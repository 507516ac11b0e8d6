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

  /// Adds a number under a name. The same name may be added again: the first one stays, so that a
  /// table of equal names does not become slow. `id` must not be kNone. `nameOf(id)` gives an
  /// entry's name back.
  template <class NameOf>
  void add(std::string_view name, std::uint32_t id, NameOf nameOf) {
    if (2 * (used_ + 1) > slots_.size()) grow();
    const std::uint32_t own = hash(name);
    std::size_t at = own & mask();
    for (; slots_[at].id != kNone; at = (at + 1) & mask()) {
      if (slots_[at].hash == own && nameOf(slots_[at].id) == name) return;
    }
    slots_[at] = {own, id};
    ++used_;
  }

  /// The number added first under `name`, kNone if none.
  template <class NameOf>
  std::uint32_t find(std::string_view name, NameOf nameOf) const {
    const std::uint32_t wanted = hash(name);
    for (std::size_t at = wanted & mask(); slots_[at].id != kNone; at = (at + 1) & mask()) {
      if (slots_[at].hash == wanted && nameOf(slots_[at].id) == name) return slots_[at].id;
    }
    return kNone;
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t id = kNone;
  };

  static std::uint32_t hash(std::string_view name) {
    return static_cast<std::uint32_t>(std::hash<std::string_view>{}(name));
  }
  std::size_t mask() const { return slots_.size() - 1; }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.id == kNone) continue;
      std::size_t at = slot.hash & mask();
      while (slots_[at].id != kNone) at = (at + 1) & mask();
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace parked::image
