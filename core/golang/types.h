// Names of types from their run-time descriptors, for the types of channel elements and the like.
// Mirrors internal/abi/type.go (runtime/type.go before 1.21), Go 1.18 to 1.27.
#pragma once

#include "base/intern.h"
#include "golang/addr_map.h"
#include "image/descriptor_layout.h"
#include "image/moduledata.h"
#include "target/address_space.h"

namespace parked::golang {

class TypeNames {
 public:
  /// The arguments must outlive the object; names go into `strings`.
  TypeNames(target::AddressSpace& memory, image::LayoutSource& layouts,
            const image::ModuleList& modules, StringTable& strings);

  /// The type at `descriptor` (an abi.Type) as Go's %T prints it: "int", "*main.job", "struct {}",
  /// "http.Header" (packages by their short names). The empty string if it cannot be told: the
  /// address lies outside the modules' types (reflect made the type at run time), or its bytes
  /// are damaged, or all names together are absurdly long. Each descriptor is decoded once.
  StringId name(Addr descriptor);

 private:
  std::string decode(Addr descriptor);

  target::AddressSpace& memory_;
  const image::ModuleList& modules_;
  StringTable& strings_;
  image::TypeLayout layout_;
  AddrMap known_;
  /// Damaged descriptors may all claim overlapping names of some KB; a real program's come to far
  /// less than that together.
  std::size_t bytesLeft_ = 64 << 20;
};

}  // namespace parked::golang
