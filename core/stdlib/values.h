// Reads values of library types: strings, slices, interfaces, and receivers in stack frames.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "image/image.h"
#include "image/runtime_types.h"

namespace parked::stdlib {

/// A slice header, checked.
struct Slice {
  Addr data = 0;
  std::uint64_t length = 0;
};

/// An interface value: what it holds.
struct Interface {
  Addr type = 0;  ///< descriptor of the dynamic type; 0: nil
  Addr data = 0;  ///< the value itself where that is a pointer, else where it lies
};

class Values {
 public:
  explicit Values(image::Image& image)
      : memory_(image.target().memory()), types_(image.runtimeTypes()) {}

  target::AddressSpace& memory() const { return memory_; }
  image::RuntimeTypes& types() const { return types_; }

  /// The string whose header is at the address; empty if it is not readable or longer than `limit`.
  std::string string(Addr header, std::size_t limit = 1024) const;
  /// The slice whose header is at the address; empty if it is damaged or longer than `limit`.
  Slice slice(Addr header, std::uint64_t limit = 1 << 20) const;
  /// The interface value with methods (an itab in front) at the address.
  Interface interface(Addr address) const;
  /// The interface value without methods (`any`) at the address.
  Interface any(Addr address) const;
  /// The word at the address, 0 if it is not readable; that is not counted as a hole.
  Addr pointer(Addr address) const;
  /// Name of a type with its whole path, "" if it is not known.
  std::string typeName(Addr descriptor) const;

 private:
  target::AddressSpace& memory_;
  image::RuntimeTypes& types_;
};

}  // namespace parked::stdlib
