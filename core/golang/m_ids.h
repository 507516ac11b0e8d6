// The numbers of the runtime's threads. Mirrors runtime/runtime2.go (m.id), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <optional>

#include "image/image.h"

namespace parked::golang {

class MIds {
 public:
  explicit MIds(image::Image& image);

  /// The number Go's traceback prints as "m=" for the m at an address; nullopt if not readable.
  std::optional<std::int64_t> read(Addr m) const;

 private:
  target::AddressSpace& memory_;
  image::Field<std::int64_t> id_;
};

}  // namespace parked::golang
