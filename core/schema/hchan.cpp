#include "schema/hchan.h"

namespace parked::schema {

HchanLayout HchanLayout::of(image::LayoutSource& source, std::vector<std::string>& missing) {
  HchanLayout channel;
  image::Binder binder(source, "runtime.hchan", missing);
  channel.size = binder.size();
  binder.required(channel.length, "qcount");
  binder.required(channel.capacity, "dataqsiz");
  binder.required(channel.elementSize, "elemsize");
  binder.required(channel.closed, "closed");
  binder.optional(channel.timer, "timer");
  binder.required(channel.elementType, "elemtype");
  binder.required(channel.receiveFirst, "recvq.first");
  binder.required(channel.receiveLast, "recvq.last");
  binder.required(channel.sendFirst, "sendq.first");
  binder.required(channel.sendLast, "sendq.last");
  binder.optional(channel.lock, "lock.key");
  return channel;
}

}  // namespace parked::schema
