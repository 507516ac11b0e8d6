#include "golang/channel_waits.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/progress.h"
#include "golang/channels.h"
#include "golang/select_cases.h"

namespace parked::golang {

namespace {
constexpr std::size_t kMaxWaits = UINT16_MAX;  // Goroutine::waitCount; a select has at most 65536
}  // namespace

ChannelWaits::ChannelWaits(WaitBuilder& builder)
    : builder_(builder),
      snapshot_(builder.snapshot),
      types_(builder.access.memory, builder.access.layouts, builder.access.modules,
             builder.snapshot.strings),
      selectWon_(builder.note("another case of the select was already chosen")),
      woken_(builder.note("somebody has just served it")),
      otherCases_(builder.note("its list of channels is not that of its select's cases")),
      locked_(builder.note("the channel was being changed")),
      closed_(builder.note("the channel was closed: just being woken")),
      dequeued_(builder.note("not in the channel's queue: just being woken")),
      damaged_(builder.note("the channel's queue is damaged")) {}

void ChannelWaits::collect(Index index, const WaitSite& site) {
  const Goroutine& goroutine = snapshot_.goroutines[index];
  const bool select = snapshot_.reasonOf(goroutine) == ReasonClass::select;
  if (goroutine.waitingSudog == 0) {
    // A select whose cases are all nil channels queues nowhere. Anything else that parks for a
    // channel is in a queue; code that uses gopark on its own may borrow the reason.
    if (select && site.parker == WaitSite::Parker::select &&
        allCasesNil(builder_.access, builder_.frames(goroutine, site.frame + 2U), site.frame)) {
      builder_.add(index, ObjectKind::nilSelect).inSelect = true;
    } else {
      builder_.unknown(index, "parked with a channel's wait reason, but queued on no channel");
    }
    return;
  }
  const std::size_t first = snapshot_.waits.size();
  const schema::SudogLayout& layout = builder_.sudogs;
  Addr anchor = 0;  // Brent's cycle detection: compare with a node remembered at powers of two
  for (Addr at = goroutine.waitingSudog; at != 0;) {
    const std::size_t count = snapshot_.waits.size() - first;
    const image::Object sudog = layout.read(builder_.access.memory, at);
    if (!sudog || sudog[layout.g] != goroutine.address || at == anchor || count >= kMaxWaits) {
      snapshot_.incomplete.add("waits", "a goroutine's list of channels is damaged",
                               goroutine.address);
      snapshot_.waits.resize(first);
      while (!uses_.empty() && uses_.back().wait >= first) uses_.pop_back();
      builder_.unknown(index, "its list of channels is damaged", at);
      return;
    }
    if (std::has_single_bit(count + 1)) anchor = at;
    Wait& wait = builder_.add(index, ObjectKind::channel);
    wait.sudog = at;
    wait.address = sudog[layout.channel];
    wait.inSelect = select || sudog[layout.isSelect] != 0;
    uses_.push_back({wait.address, static_cast<Index>(snapshot_.waits.size() - 1)});
    at = sudog[layout.waitLink];
  }
}

void ChannelWaits::collectNil(Index index, const WaitSite& site) {
  using Parker = WaitSite::Parker;
  const ReasonClass reason = snapshot_.reasonOf(snapshot_.goroutines[index]);
  // These waits never end, so look twice: it must be the runtime's own function that parked.
  const Parker expected = reason == ReasonClass::chanSendNil      ? Parker::chanSend
                          : reason == ReasonClass::chanReceiveNil ? Parker::chanReceive
                                                                  : Parker::block;
  if (snapshot_.goroutines[index].waitingSudog != 0) {
    builder_.unknown(index, "parked with the wait reason of a nil channel, but it is in a queue");
  } else if (site.parker == Parker::none) {
    builder_.unknown(index, "parked with the wait reason of a nil channel, but its stack is gone");
  } else if (site.parker != expected) {
    builder_.unknown(index, "parked with the wait reason of a nil channel by other code");
  } else if (reason == ReasonClass::selectNoCases) {
    builder_.add(index, ObjectKind::noCases);
  } else {
    builder_.add(index, ObjectKind::nilChannel, traitsOf(reason).op);
  }
}

void ChannelWaits::resolve(Observer* observer) {
  if (!readChannels(observer)) return;
  for (const Goroutine& goroutine : snapshot_.goroutines) {
    const std::span<Wait> waits(snapshot_.waits.data() + goroutine.firstWait, goroutine.waitCount);
    for (Wait& wait : waits) {
      if (wait.kind == ObjectKind::channel) judge(goroutine, wait);
    }
    if (!waits.empty() && waits.front().inSelect && waits.front().sudog != 0) {
      orderCases(goroutine, waits);
    }
  }
}

bool ChannelWaits::readChannels(Observer* observer) {
  std::ranges::sort(uses_, [](const Use& a, const Use& b) {
    return a.channel != b.channel ? a.channel < b.channel : a.wait < b.wait;
  });
  std::size_t distinct = 0;
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    if (i == 0 || uses_[i].channel != uses_[i - 1].channel) ++distinct;
  }
  snapshot_.channels.reserve(distinct);
  ChannelReader reader(builder_.access, types_, builder_.sudogs);
  reader.setForeignBudget(snapshot_.goroutines.size() * 2 + (1 << 16));
  std::vector<Index> waits;
  Progress progress(observer, "channels", uses_.size());
  for (std::size_t first = 0; first < uses_.size();) {
    if (!progress.step(first)) return false;
    const Addr address = uses_[first].channel;
    waits.clear();
    for (; first < uses_.size() && uses_[first].channel == address; ++first) {
      waits.push_back(uses_[first].wait);
    }
    auto channel = reader.usable() ? reader.read(address) : std::nullopt;
    if (!channel) {
      snapshot_.incomplete.add("channels", "a channel's memory is not readable or damaged",
                               address);
      const StringId text = builder_.note("the channel's memory is not readable or damaged");
      for (const Index wait : waits) {
        snapshot_.waits[wait].kind = ObjectKind::unknown;
        snapshot_.waits[wait].note = text;
      }
      continue;
    }
    reader.walkQueues(*channel, waits, snapshot_.waits);
    if (!channel->queuesRead && !channel->locked) {
      snapshot_.incomplete.add("channels", "a channel's queue is damaged", address);
    }
    for (const Index wait : waits) {
      snapshot_.waits[wait].object = static_cast<Index>(snapshot_.channels.size());
    }
    snapshot_.channels.push_back(*channel);
  }
  return true;
}

void ChannelWaits::judge(const Goroutine& goroutine, Wait& wait) {
  const Channel& channel = snapshot_.channels[wait.object];
  WaitOp op = traitsOf(snapshot_.reasonOf(goroutine)).op;
  if (op == WaitOp::none) op = wait.op;  // of a select
  if (!wait.queued) {
    wait.note = channel.queuesRead ? dequeued_ : damaged_;
  } else if (wait.op != op) {
    wait.note = damaged_;  // in the queue of those that do the other thing
  }
  wait.op = op;
  // Nil while it is parked for a channel; who wakes it leaves its sudog there.
  if (goroutine.param != 0) wait.note = woken_;
  if (channel.closed) wait.note = closed_;
  if (channel.locked) wait.note = locked_;
  if (wait.inSelect && goroutine.selectDone) wait.note = selectWon_;
  if (wait.note != kEmptyString) wait.queued = false;
}

void ChannelWaits::orderCases(const Goroutine& goroutine, std::span<Wait> waits) {
  const WaitSite site = builder_.sites.of(goroutine);
  if (site.parker != WaitSite::Parker::select) return;
  const auto select =
      readSelectCases(builder_.access, builder_.frames(goroutine, site.frame + 2U), site.frame);
  if (!select) return;
  if (const auto channels = queuedChannels(builder_.access, *select);
      channels && !std::ranges::equal(*channels, waits, {}, {}, &Wait::address)) {
    for (Wait& wait : waits) {
      wait.note = otherCases_;
      wait.queued = false;
    }
    return;
  }
  std::vector<QueuedCase> queued;
  queued.reserve(waits.size());
  for (const Wait& wait : waits) {
    const image::Object sudog = builder_.sudogs.read(builder_.access.memory, wait.sudog);
    queued.push_back({wait.address, sudog[builder_.sudogs.elem]});
  }
  const auto matched = matchCases(*select, queued);
  if (matched.empty()) return;
  // The list of sudogs is in order of the channels' addresses, which means nothing to a reader:
  // put sends first, then receives, each in source order.
  std::vector<std::pair<std::size_t, Wait>> order;
  order.reserve(waits.size());
  for (std::size_t i = 0; i < waits.size(); ++i) {
    waits[i].caseIndex = select->sourceIndex(matched[i]);
    const bool send = matched[i] < select->sends;
    order.emplace_back(send ? matched[i] : select->sends + select->cases.size() - 1 - matched[i],
                       waits[i]);
  }
  std::ranges::sort(order, {}, &std::pair<std::size_t, Wait>::first);
  for (std::size_t i = 0; i < waits.size(); ++i) waits[i] = order[i].second;
}

}  // namespace parked::golang
