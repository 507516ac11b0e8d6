// Which synctest bubble a goroutine belongs to.
// Mirrors runtime/synctest.go (synctestGroup in Go 1.24, synctestBubble since 1.25).
#pragma once

#include "golang/snapshot.h"
#include "schema/g.h"

namespace parked::golang {

class BubbleReader {
 public:
  BubbleReader(image::Image& image, const schema::GLayout& layout);

  /// The number Go's traceback prints for the bubble: its id, or in 1.24 the id of its root
  /// goroutine. 0 for a goroutine outside any bubble.
  std::uint64_t read(const image::Object& g) const;

 private:
  target::AddressSpace& memory_;
  const schema::GLayout& g_;
  std::uint32_t size_ = 0;
  image::Field<std::uint64_t> id_;
  image::Field<Addr> root_;
};

}  // namespace parked::golang
