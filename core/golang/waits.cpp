#include "golang/waits.h"

#include <algorithm>

#include "base/progress.h"
#include "golang/addr_map.h"
#include "golang/channel_waits.h"
#include "golang/sync_waits.h"
#include "golang/system_calls.h"
#include "golang/timers.h"
#include "golang/wait_builder.h"
#include "schema/g.h"

namespace parked::golang {

namespace {

class Resolver {
 public:
  Resolver(Snapshot& snapshot, Access& access)
      : builder_(snapshot, access),
        snapshot_(snapshot),
        access_(access),
        channels_(builder_),
        sync_(builder_),
        timerReader_(access) {
    const auto g = schema::GLayout::of(access.layouts);
    sleepTimer_ = g.timer;
    coroutine_ = g.coroutine;
    std::vector<std::string> missing;
    image::Binder coro(access.layouts, "runtime.coro", missing);
    coro.optional(coroGoroutine_, "gp");
    coro.optional(coroFunction_, "f");
  }

  void run(Observer* observer);

 private:
  void collect(Index index);
  void collectSystemCall(Index index);
  void collectSleep(Index index);
  void collectPoll(Index index);
  void collectCoroutine(Index index, const WaitSite& site);
  bool isCoro(Addr candidate, const Goroutine& goroutine);
  void addChannelTimers();
  const AddrMap& timersByAddress();
  const AddrMap& pollersByGoroutine();

  WaitBuilder builder_;
  Snapshot& snapshot_;
  Access& access_;
  ChannelWaits channels_;
  SyncWaits sync_;
  TimerReader timerReader_;
  image::Field<Addr> sleepTimer_, coroutine_;
  image::Field<Addr> coroGoroutine_, coroFunction_;
  std::optional<SystemCalls> calls_;
  std::optional<AddrMap> timers_;
  std::optional<AddrMap> pollers_;  // to 2 * index of the fd, + 1 for its writer
};

void Resolver::run(Observer* observer) {
  if (!builder_.haveSudogs) {
    snapshot_.incomplete.add("waits", "the layout of runtime.sudog was not found");
  }
  snapshot_.waits.reserve(snapshot_.goroutines.size());
  Progress progress(observer, "waits", snapshot_.goroutines.size());
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!progress.step()) return;
    Goroutine& goroutine = snapshot_.goroutines[i];
    goroutine.firstWait = static_cast<Index>(snapshot_.waits.size());
    collect(i);
    goroutine.waitCount = static_cast<std::uint16_t>(snapshot_.waits.size() - goroutine.firstWait);
  }
  channels_.resolve(observer);
  sync_.resolve();
  addChannelTimers();
}

void Resolver::collect(Index index) {
  const Goroutine& goroutine = snapshot_.goroutines[index];
  if (goroutine.status == Status::syscall) {
    collectSystemCall(index);
    return;
  }
  if (!isBlocked(goroutine.status)) return;
  const WaitSite site = builder_.sites.of(goroutine);
  switch (snapshot_.reasonOf(goroutine)) {
    case ReasonClass::chanReceive:
    case ReasonClass::chanSend:
    case ReasonClass::select:
      channels_.collect(index, site);
      break;
    case ReasonClass::chanReceiveNil:
    case ReasonClass::chanSendNil:
    case ReasonClass::selectNoCases:
      channels_.collectNil(index, site);
      break;
    case ReasonClass::semacquire:
    case ReasonClass::mutexLock:
    case ReasonClass::rwMutexRLock:
    case ReasonClass::rwMutexLock:
    case ReasonClass::waitGroupWait:
      sync_.collectSemaphore(index, site);
      break;
    case ReasonClass::condWait:
      sync_.collectCond(index, site);
      break;
    case ReasonClass::sleep:
      collectSleep(index);
      break;
    case ReasonClass::ioWait:
      collectPoll(index);
      break;
    case ReasonClass::coroutine:
      collectCoroutine(index, site);
      break;
    case ReasonClass::synctest:
    case ReasonClass::runtimeInternal:
      builder_.add(index, ObjectKind::runtime);
      break;
    case ReasonClass::none:
    case ReasonClass::other:
      builder_.unknown(index, "its wait reason is not one that parked knows");
      break;
  }
}

void Resolver::collectSystemCall(Index index) {
  Wait& wait = builder_.add(index, ObjectKind::syscall);
  if (snapshot_.image == nullptr) return;
  if (!calls_) calls_.emplace(*snapshot_.image);
  const auto& frames = builder_.frames(snapshot_.goroutines[index], SystemCalls::kFrames);
  wait.note = builder_.note(calls_->describe(frames));
}

const AddrMap& Resolver::timersByAddress() {
  if (!timers_) {
    timers_.emplace(snapshot_.timers.size());
    for (Index i = 0; i < snapshot_.timers.size(); ++i) {
      timers_->insert(snapshot_.timers[i].address, i);
    }
  }
  return *timers_;
}

void Resolver::collectSleep(Index index) {
  const Goroutine& goroutine = snapshot_.goroutines[index];
  Addr address = 0;
  if (sleepTimer_) access_.memory.read(goroutine.address + sleepTimer_.offset, address);
  if (address == 0) {
    // time.Sleep has made a timer for the goroutine; the runtime's own (the scavenger) use another.
    if (goroutine.system) {
      builder_.add(index, ObjectKind::runtime);
    } else {
      builder_.unknown(index, "parked with the wait reason of a sleep, but it has no timer");
    }
    return;
  }
  Wait& wait = builder_.add(index, ObjectKind::timer, WaitOp::sleep);
  wait.address = address;
  wait.object = timersByAddress().find(address);
  if (wait.object == kNone) {
    const auto timer = timerReader_.read(address);
    wait.note = builder_.note(timer && timer->fake ? "its timer runs on a synctest bubble's clock"
                                                   : "its timer is in no heap: just being woken");
    return;
  }
  Timer& timer = snapshot_.timers[wait.object];
  if (timer.kind != TimerKind::sleep || timer.argument != goroutine.address) {
    wait.note = builder_.note("its timer does not name it");
    return;
  }
  wait.queued = true;
  timer.goroutine = index;
}

const AddrMap& Resolver::pollersByGoroutine() {
  if (!pollers_) {
    pollers_.emplace(snapshot_.fds.size());
    for (Index i = 0; i < snapshot_.fds.size(); ++i) {
      pollers_->insert(snapshot_.fds[i].reader, 2 * i);
      pollers_->insert(snapshot_.fds[i].writer, 2 * i + 1);
    }
  }
  return *pollers_;
}

void Resolver::collectPoll(Index index) {
  const auto found = pollersByGoroutine().find(snapshot_.goroutines[index].address);
  if (found == AddrMap::kMissing) {
    builder_.unknown(index, "no descriptor of the network poller names it: just being woken");
    return;
  }
  Wait& wait = builder_.add(index, ObjectKind::fd, found % 2 == 0 ? WaitOp::read : WaitOp::write);
  wait.object = found / 2;
  wait.address = snapshot_.fds[wait.object].address;
  wait.queued = true;
}

/// coro.gp is the one of the two goroutines that does not run: this one. That is so of a sudog's
/// first word, too, but its second is no function.
bool Resolver::isCoro(Addr candidate, const Goroutine& goroutine) {
  const auto readWord = [this](Addr at, Addr& word) {
    if (at % sizeof(Addr) != 0 || !access_.memory.contains(at)) return false;
    word = access_.memory.pointer(at);
    return true;
  };
  Addr waiting = 0, closure = 0, code = 0;
  return candidate >= 4096 && coroGoroutine_ && coroFunction_ &&
         readWord(candidate + coroGoroutine_.offset, waiting) && waiting == goroutine.address &&
         readWord(candidate + coroFunction_.offset, closure) && readWord(closure, code) &&
         !access_.code.functionAt(code).empty();
}

void Resolver::collectCoroutine(Index index, const WaitSite& site) {
  using Parker = WaitSite::Parker;
  const Goroutine& goroutine = snapshot_.goroutines[index];
  if (site.parker != Parker::coroutine && site.parker != Parker::none) {
    builder_.unknown(index, "parked with the wait reason of a coroutine by other code");
    return;
  }
  Wait& wait = builder_.add(index, ObjectKind::coroutine);
  // A coroutine that never ran has the coro in g.coroarg; later it is an argument on the stack.
  Addr candidate = 0;
  if (coroutine_ && access_.memory.read(goroutine.address + coroutine_.offset, candidate) &&
      isCoro(candidate, goroutine)) {
    wait.address = candidate;
    return;
  }
  if (site.parker != Parker::coroutine) return;
  const auto& stack = builder_.frames(goroutine, site.frame + 2U);
  if (stack.empty() || stack.back().fp <= goroutine.sp) return;
  constexpr std::uint64_t kMaxSearch = 4096;
  const std::uint64_t size = std::min(stack.back().fp - goroutine.sp + sizeof(Addr), kMaxSearch);
  for (Addr at = goroutine.sp; at < goroutine.sp + size; at += sizeof(Addr)) {
    candidate = access_.memory.pointer(at);
    if (isCoro(candidate, goroutine)) {
      wait.address = candidate;
      return;
    }
  }
}

// Since 1.23 a channel timer is in a P's heap only while it runs and somebody listens: a stopped
// ticker is found only through the channel.
void Resolver::addChannelTimers() {
  if (!timerReader_.usable()) return;
  for (const Channel& channel : snapshot_.channels) {
    if (channel.timer == 0 || timersByAddress().contains(channel.timer)) continue;
    const auto read = timerReader_.read(channel.timer);
    if (!read || read->timer.channel != channel.address) {
      snapshot_.incomplete.add("timers", "a channel's timer is not readable or damaged",
                               channel.timer);
      continue;
    }
    TimerReader::notePassed(*read, snapshot_.clock);
    if (!read->fake) snapshot_.timers.push_back(read->timer);
  }
}

}  // namespace

void resolveWaits(Snapshot& snapshot, Access& access, Observer* observer) {
  Resolver(snapshot, access).run(observer);
}

void resolveWaits(Snapshot& snapshot, Observer* observer) {
  ImageCode code(*snapshot.image);
  ImageAccess access(*snapshot.image, code);
  resolveWaits(snapshot, access, observer);
}

}  // namespace parked::golang
