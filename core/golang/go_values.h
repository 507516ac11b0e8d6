// Reads values of library types: strings, slices, interfaces.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/incomplete.h"
#include "image/image.h"
#include "image/runtime_types.h"

namespace parked::golang {

/// A slice header, checked.
struct Slice {
  Addr data = 0;
  std::uint64_t length = 0, capacity = 0;
};

/// An interface value: what it holds.
struct Interface {
  Addr type = 0;  ///< descriptor of the dynamic type; 0: nil
  Addr data = 0;  ///< the value itself where that is a pointer, else where it lies
};

class GoValues {
 public:
  /// What is not readable is counted in `incomplete`, which must outlive the object.
  GoValues(image::Image& image, IncompleteList& incomplete)
      : memory_(image.target().memory()), types_(image.runtimeTypes()), incomplete_(incomplete) {}

  target::AddressSpace& memory() const { return memory_; }
  image::RuntimeTypes& types() const { return types_; }

  /// The string whose header is at the address. One that is longer than `limit` is cut, and says so
  /// at its end; one that is not readable is empty, and counted.
  std::string string(Addr header, std::size_t limit = 1024) const;
  /// The same where there may be no string at all: empty if it is not readable or longer than
  /// `limit`, and nothing is counted.
  std::string guess(Addr header, std::size_t limit) const;
  /// Whether header and bytes of a string are where memory is; nothing is counted.
  bool isString(Addr header) const;
  /// The slice whose header is at the address. One whose bounds or memory are impossible is empty,
  /// and counted.
  Slice slice(Addr header, std::uint64_t elementSize) const;
  /// The interface value with methods (an itab in front) at the address.
  Interface interface(Addr address) const;
  /// The word at the address, 0 if it is not readable; that is not counted as a hole.
  Addr pointer(Addr address) const;
  /// Name of a type with its whole path, "" if it is not known.
  std::string typeName(Addr descriptor) const;

 private:
  target::AddressSpace& memory_;
  image::RuntimeTypes& types_;
  IncompleteList& incomplete_;
};

}  // namespace parked::golang
