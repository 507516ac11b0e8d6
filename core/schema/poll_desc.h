// runtime.pollDesc: a descriptor that the network poller knows, and the list of those that were
// closed. Mirrors runtime/netpoll.go, Go 1.18 to 1.27.
#pragma once

#include <cstdint>

#include "image/layout.h"

namespace parked::schema {

struct PollDescLayout {
  std::uint32_t size = 0;
  image::Field<Addr> link;            ///< of those that were closed
  image::Field<Addr> reader, writer;  ///< nil, ready, wait, or the waiting g
  image::Field<Addr> self;
  image::Field<std::uint64_t> fd;
  image::Field<std::int64_t> readDeadline, writeDeadline;  ///< monotonic ns

  static PollDescLayout of(image::LayoutSource& source);
  /// A program that never opens a file or socket through the poller has no such type.
  bool known() const {
    return link && reader && writer && self && fd && readDeadline && writeDeadline;
  }
};

/// runtime.pollcache
struct PollCacheLayout {
  image::Field<Addr> first;  ///< of those that were closed

  static PollCacheLayout of(image::LayoutSource& source);
};

}  // namespace parked::schema
