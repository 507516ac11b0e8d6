// Which words of a frame hold pointers, as the compiler wrote it down for the garbage collector.
// Mirrors runtime/stkframe.go (getStackMap) and runtime/symtab.go (stackmapdata), Go 1.18 to 1.27.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "golang/addr_map.h"
#include "golang/unwind.h"
#include "image/functions.h"
#include "target/address_space.h"

namespace parked::golang {

/// An address-taken local variable or argument: scanned only when something points into it
/// (runtime/stack.go, type stackObjectRecord; the same in all versions).
struct StackObject {
  std::int32_t offset = 0;    ///< from varp if negative, else from argp
  std::int32_t size = 0;      ///< bytes
  std::int32_t pointers = 0;  ///< bytes of the prefix that holds pointers; negative: its mask is a
                              ///< GC program (up to 1.23)
  std::uint32_t mask = 0;     ///< offset of its pointer mask from moduledata.rodata

  Addr address(const Frame& frame) const {
    const Addr base = offset < 0 ? frame.varp : frame.argp;
    return base + static_cast<Addr>(std::int64_t{offset});
  }
};

/// The records of a FUNCDATA_StackObjects table, where they lie: perhaps not aligned as ours are.
class StackObjects {
 public:
  StackObjects() = default;
  explicit StackObjects(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::size_t size() const { return bytes_.size() / sizeof(StackObject); }
  StackObject operator[](std::size_t i) const {
    StackObject object;
    std::memcpy(&object, bytes_.data() + i * sizeof object, sizeof object);
    return object;
  }
  class Iterator {
   public:
    Iterator(const StackObjects& objects, std::size_t i) : objects_(&objects), i_(i) {}
    StackObject operator*() const { return (*objects_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const StackObjects* objects_;
    std::size_t i_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

 private:
  std::span<const std::byte> bytes_;
};

/// Those of the table; nullopt if it is damaged. A function without a table (0) has none.
std::optional<StackObjects> readStackObjects(target::AddressSpace& memory, Addr table);

/// A bitmap over consecutive words.
struct WordMask {
  std::span<const std::byte> bits;
  std::uint32_t words = 0;
  bool test(std::uint32_t word) const {
    return (std::to_integer<unsigned>(bits[word / 8]) >> (word % 8) & 1) != 0;
  }
};

/// What is live in a frame at one pc; the same for every frame of that pc.
struct FrameLiveness {
  WordMask locals;  ///< ends at varp
  WordMask args;    ///< starts at argp
  StackObjects objects;
  Addr masks = 0;             ///< what StackObject::mask counts from
  std::int32_t argBytes = 0;  ///< size of the args
  bool wholeLocals = false;   ///< not told: every word between sp and varp may be a pointer
  bool wholeArgs = false;     ///< not told: every word of the args may be one
  bool argsOfCaller = false;  ///< not even their size is told: the caller's frame holds them
  bool callerWhole = false;   ///< interrupted between two instructions: so may every word of the
                              ///< caller's frame, and its registers were saved in this one
};

/// Looks each pc up once.
class StackMaps {
 public:
  explicit StackMaps(image::Image& image);
  const FrameLiveness& at(const Frame& frame);

 private:
  FrameLiveness read(const Frame& frame) const;
  bool readMask(Addr table, std::int32_t id, WordMask& out) const;

  image::Image& image_;
  target::AddressSpace& memory_;
  AddrMap known_;
  std::vector<FrameLiveness> shapes_;
};

}  // namespace parked::golang
