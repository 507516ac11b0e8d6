#include "golang/channels.h"

namespace parked::golang {

namespace {
// Below this many waits a linear search beats building a hash.
constexpr std::size_t kFewWaits = 8;
}  // namespace

ChannelReader::ChannelReader(Access& access, TypeNames& types, const schema::SudogLayout& sudogs)
    : access_(access),
      types_(types),
      sudogs_(sudogs),
      layout_(schema::HchanLayout::of(access.layouts, missing_)),
      memorySize_(access.memory.size()) {}

std::optional<Channel> ChannelReader::read(Addr address) {
  const image::Object object = image::readObject(access_.memory, address, layout_.size);
  if (!object || address % sizeof(Addr) != 0) return std::nullopt;
  Channel channel;
  channel.address = address;
  channel.length = object[layout_.length];
  channel.capacity = object[layout_.capacity];
  if (channel.length > channel.capacity || object[layout_.closed] > 1) return std::nullopt;
  channel.elementSize = object[layout_.elementSize];
  if (channel.elementSize != 0 && channel.capacity > memorySize_ / channel.elementSize) {
    return std::nullopt;
  }
  channel.elementTypeAddress = object[layout_.elementType];
  channel.elementType = types_.name(channel.elementTypeAddress);
  channel.closed = object[layout_.closed] != 0;
  channel.locked = mutexHeld(object[layout_.lock]);
  channel.timer = object[layout_.timer];
  // A synchronous timer channel has a hidden buffer of one (runtime/chan.go, chancap).
  if (channel.timer != 0) channel.capacity = 0;
  receivers_ = {object[layout_.receiveFirst], object[layout_.receiveLast]};
  senders_ = {object[layout_.sendFirst], object[layout_.sendLast]};
  return channel;
}

void ChannelReader::walkQueues(Channel& channel, std::span<const Index> waits,
                               std::span<Wait> all) {
  if (waits.size() > kFewWaits) {
    bySudog_ = AddrMap(waits.size());
    for (const Index wait : waits) bySudog_.insert(all[wait].sudog, wait);
  }
  const bool sends = walk(senders_, WaitOp::send, waits, all, channel.senders);
  const bool receives = walk(receivers_, WaitOp::receive, waits, all, channel.receivers);
  channel.queuesRead = sends && receives;
}

Index ChannelReader::waitOf(Addr sudog, std::span<const Index> waits, std::span<const Wait> all) {
  if (waits.size() > kFewWaits) return bySudog_.find(sudog);
  for (const Index wait : waits) {
    if (all[wait].sudog == sudog) return wait;
  }
  return kNone;
}

bool ChannelReader::walk(const Queue& queue, WaitOp op, std::span<const Index> waits,
                         std::span<Wait> all, std::uint32_t& count) {
  Addr previous = 0;
  for (Addr at = queue.first; at != 0;) {
    if (const Index known = waitOf(at, waits, all); known != kNone) {
      // A sudog is in one queue once: to meet it again means a cycle.
      if (all[known].queued) return false;
      all[known].queued = true;
      all[known].op = op;
    } else {
      if (foreignBudget_ == 0) return false;
      --foreignBudget_;
    }
    ++count;
    previous = at;
    // The common queue of one: no need to fetch the sudog again only to see that it is the last.
    if (at == queue.last && at == queue.first) break;
    const image::Object sudog = sudogs_.read(access_.memory, at);
    if (!sudog) return false;
    at = sudog[sudogs_.next];
  }
  return previous == queue.last;
}

}  // namespace parked::golang
