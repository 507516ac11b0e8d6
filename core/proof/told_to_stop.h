// Who was told to stop, and has not looked yet.
#pragma once

#include <string>
#include <vector>

#include "heap/heap.h"
#include "image/image.h"
#include "proof/marker.h"
#include "schema/hchan.h"

namespace parked::proof {

/// Channels that are closed, as that of a context that is done. Who polls one between two sleeps
/// waits for nothing but the clock: nobody can reach it any more, and it ends when it looks.
class ClosedChannels {
 public:
  explicit ClosedChannels(const image::Image& image, const heap::Heap& heap);

  /// The pointer leads to what has the shape of a closed channel. An object that only looks like
  /// one costs a finding, no more.
  bool has(Addr pointer) const;

 private:
  const heap::Heap& heap_;
  target::AddressSpace& memory_;
  std::vector<std::string> missing_;
  schema::HchanLayout layout_;
};

}  // namespace parked::proof
