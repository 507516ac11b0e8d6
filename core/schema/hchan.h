// Channels. Mirrors runtime/chan.go (hchan, waitq), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/layout.h"

namespace parked::schema {

struct HchanLayout {
  std::uint32_t size = 0;
  image::Field<std::uint64_t> length, capacity;  ///< qcount, dataqsiz
  image::Field<std::uint16_t> elementSize;
  image::Field<std::uint32_t> closed;
  image::Field<Addr> elementType, receiveFirst, receiveLast, sendFirst, sendLast;
  image::Field<Addr> timer;          ///< since 1.23
  image::Field<std::uint64_t> lock;  ///< lock.key

  /// What is not there goes to `missing`, but for what only some releases have.
  static HchanLayout of(image::LayoutSource& source, std::vector<std::string>& missing);
};

}  // namespace parked::schema
