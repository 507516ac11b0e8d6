// Which words of a value of some type are pointers.
// Mirrors internal/abi/type.go (Type) and runtime/type.go (getGCMask), Go 1.22 to 1.27.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "image/image.h"
#include "target/address_space.h"

namespace parked::image {
struct DescriptorLayout;
}

namespace parked::heap {

/// The pointers of one value: bit i of `mask` says that word i is one.
struct TypeMask {
  std::uint64_t size = 0;          ///< bytes of a value
  std::uint64_t pointerWords = 0;  ///< words of the prefix that holds pointers
  std::span<const std::byte> mask;
  bool known = false;
};

class TypeMasks {
 public:
  explicit TypeMasks(image::Image& image);
  ~TypeMasks();

  /// The mask of the type whose descriptor is at `type`; not known if it is damaged.
  const TypeMask& of(Addr type);

 private:
  TypeMask read(Addr type);
  bool build(Addr type, std::uint64_t offset, std::vector<std::byte>& bits, int depth,
             std::uint64_t& budget);

  bool buildStructure(Addr type, std::uint64_t offset, std::vector<std::byte>& bits, int depth,
                      std::uint64_t& budget);

  target::AddressSpace& memory_;
  std::unique_ptr<const image::DescriptorLayout> layout_;
  bool usable_ = false;
  bool structures_ = false;  ///< masks can be built from the types' structure
  bool onDemand_ = false;    ///< TFlagGCMaskOnDemand exists: since 1.24
  std::unordered_map<Addr, TypeMask> known_;
  std::vector<std::unique_ptr<std::vector<std::byte>>> built_;
};

}  // namespace parked::heap
