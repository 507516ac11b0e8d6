#include "proof/told_to_stop.h"

#include "image/layout.h"

namespace parked::proof {

ClosedChannels::ClosedChannels(const image::Image& image, const heap::Heap& heap)
    : heap_(heap),
      memory_(image.target().memory()),
      layout_(schema::HchanLayout::of(image.layouts(), missing_)) {}

bool ClosedChannels::has(Addr pointer) const {
  const ObjectRef object = heap_.find(pointer);
  if (!missing_.empty() || !object || !heap_.allocated(object) ||
      heap_.address(object) != pointer || heap_.spans()[object.span].elementSize < layout_.size) {
    return false;
  }
  const image::Object channel = image::readObject(memory_, pointer, layout_.size);
  // closechan() has woken everybody who was in a queue.
  return channel && channel[layout_.closed] == 1 &&
         channel[layout_.length] <= channel[layout_.capacity] &&
         channel[layout_.elementType] != 0 && channel[layout_.receiveFirst] == 0 &&
         channel[layout_.receiveLast] == 0 && channel[layout_.sendFirst] == 0 &&
         channel[layout_.sendLast] == 0;
}

}  // namespace parked::proof
