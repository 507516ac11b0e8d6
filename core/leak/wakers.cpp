#include "leak/wakers.h"

#include <algorithm>

#include "leak/code.h"

namespace parked::leak {

using golang::ObjectKind;

namespace {
constexpr Addr kLargestFrame = 1 << 16;
}

Wakers::Wakers(const golang::Snapshot& snapshot)
    : snapshot_(snapshot),
      memory_(snapshot.image->target().memory()),
      unwinder_(*snapshot.image),
      maps_(*snapshot.image),
      code_(*snapshot.image),
      stacks_(snapshot.stacks.size()),
      looked_(snapshot.stacks.size()) {
  for (const golang::Channel& channel : snapshot.channels) {
    senders_ = senders_ || channel.senders > 0;
    receivers_ = receivers_ || channel.receivers > 0;
  }
  for (Index i = 0; i < snapshot.locks.size(); ++i) {
    const golang::Lock& lock = snapshot.locks[i];
    if (lock.kind == ObjectKind::waitGroup && lock.waiters > 0) groups_.insert(lock.address, i);
  }
}

/// Whether somebody waits for such a thing at all.
bool Wakers::isWanted(WakeAct act) const {
  switch (act) {
    case WakeAct::receive:
      return senders_;
    case WakeAct::send:
      return receivers_;
    case WakeAct::close:
      return senders_ || receivers_;
    case WakeAct::done:
      return !groups_.empty();
    case WakeAct::unlock:
      break;
  }
  return false;
}

/// Whether the frame's word is in use, as the compiler told the collector, or in a variable whose
/// address is taken.
bool Wakers::isLive(const golang::Frame& frame, std::int64_t offset) {
  const golang::FrameLiveness& live = maps_.at(frame);
  const Addr at = frame.sp + static_cast<Addr>(offset);
  for (const golang::StackObject record : live.objects) {
    const Addr start = record.address(frame);
    if (record.size > 0 && at >= start && at - start < static_cast<Addr>(record.size)) return true;
  }
  if (at < frame.varp) {
    if (live.wholeLocals) return true;
    const Addr start = frame.varp - live.locals.words * kWord;
    return at >= start && live.locals.test(static_cast<std::uint32_t>((at - start) / kWord));
  }
  if (at < frame.argp) return false;
  if (live.wholeArgs) return true;
  const Addr word = (at - frame.argp) / kWord;
  return word < live.args.words && live.args.test(static_cast<std::uint32_t>(word));
}

void Wakers::addFrame(const golang::Goroutine& goroutine, const golang::Frame& frame,
                      std::vector<StackSite>& out) {
  if (frame.function == image::kNoFunc || frame.exact) return;
  const image::Function& function = snapshot_.image->functions().function(frame.function);
  if (isRuntimeFunction(function.name)) return;
  std::vector<std::int64_t> live;
  for (const WakeSite& site : code_.from(frame.function, frame.pc)) {
    if (!isWanted(site.act)) continue;
    const bool closure = site.closure != image::kNoFunc;
    if (closure && live.empty() && frame.varp > frame.sp && frame.varp - frame.sp < kLargestFrame) {
      for (Addr at = frame.sp; at < frame.varp; at += sizeof(Addr)) {
        const auto offset = static_cast<std::int64_t>(at - frame.sp);
        if (isLive(frame, offset)) live.push_back(offset);
      }
    }
    if (!closure && site.object.start == WordPath::Start::frame && site.object.words > 0 &&
        !isLive(frame, site.object.offsets[0])) {
      continue;  // it will be set anew
    }
    out.push_back({static_cast<std::uint32_t>(sites_.size()),
                   static_cast<std::int64_t>(frame.sp - goroutine.sp),
                   closure ? live : std::vector<std::int64_t>()});
    sites_.push_back({site, frame.function, frame.pc, closure});
  }
}

const std::vector<Wakers::StackSite>& Wakers::sitesOf(const golang::Goroutine& goroutine) {
  auto& sites = stacks_[goroutine.stack];
  if (looked_[goroutine.stack]) return sites;
  looked_[goroutine.stack] = true;
  frames_.clear();
  golang::framesOf(snapshot_, goroutine, unwinder_, frames_);
  for (const golang::Frame& frame : frames_) addFrame(goroutine, frame, sites);
  return sites;
}

Addr Wakers::follow(const WordPath& path, Addr frame) const {
  Addr at = path.start == WordPath::Start::frame ? frame : 0;
  for (std::size_t i = 0; i < path.words; ++i) {
    at += static_cast<Addr>(path.offsets[i]);
    if (!memory_.contains(at)) return 0;
    at = memory_.pointer(at);
    if (at == 0) return 0;
  }
  return at + static_cast<Addr>(path.offsets[path.words]);
}

/// The closure is there, and the frame has a pointer to it.
bool Wakers::isMade(const StackSite& site, Addr frame) const {
  const WakeSite& code = sites_[site.site].site;
  const Addr closure = frame + static_cast<Addr>(code.closureAt);
  if (memory_.pointer(closure) != snapshot_.image->functions().function(code.closure).entry) {
    return false;
  }
  return std::ranges::any_of(site.live, [&](std::int64_t offset) {
    return memory_.pointer(frame + static_cast<Addr>(offset)) == closure;
  });
}

void Wakers::note(Index goroutine, std::uint32_t site, Addr object, std::vector<Waker>& out) {
  const WakeAct act = sites_[site].site.act;
  if (act == WakeAct::done) {
    const std::uint32_t group = groups_.find(object);
    if (group != golang::AddrMap::kMissing)
      out.push_back({goroutine, true, group, false, act, site});
    return;
  }
  if (channels_.empty()) {
    channels_.reserve(snapshot_.channels.size());
    for (Index i = 0; i < snapshot_.channels.size(); ++i) {
      channels_.insert(snapshot_.channels[i].address, i);
    }
  }
  const Index channel = channels_.find(object);
  if (channel == golang::AddrMap::kMissing) return;
  const golang::Channel* at = &snapshot_.channels[channel];
  if (at->senders > 0 && act != WakeAct::send) {
    out.push_back({goroutine, false, channel, true, act, site});
  }
  if (at->receivers > 0 && act != WakeAct::receive) {
    out.push_back({goroutine, false, channel, false, act, site});
  }
}

void Wakers::look(Index index, std::vector<Waker>& out) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  if (goroutine.stack == kNone || snapshot_.stacks[goroutine.stack].truncated) return;
  for (const StackSite& site : sitesOf(goroutine)) {
    const Addr frame = goroutine.sp + static_cast<Addr>(site.frame);
    if (sites_[site.site].deferred && !isMade(site, frame)) continue;
    if (const Addr object = follow(sites_[site.site].site.object, frame); object != 0) {
      note(index, site.site, object, out);
    }
  }
}

}  // namespace parked::leak
