#include "golang/wait_sites.h"

#include <algorithm>
#include <array>

namespace parked::golang {

namespace {

// The deepest known way from gopark to a method of sync is six physical frames.
constexpr std::size_t kMaxFrames = 16;

struct ParkerName {
  std::string_view function;
  WaitSite::Parker parker;
};
constexpr std::array<ParkerName, 11> kParkers{{
    {"runtime.chansend", WaitSite::Parker::chanSend},
    {"runtime.chanrecv", WaitSite::Parker::chanReceive},
    {"runtime.selectgo", WaitSite::Parker::select},
    {"runtime.block", WaitSite::Parker::block},
    {"runtime.semacquire1", WaitSite::Parker::semacquire},
    {"runtime.notifyListWait", WaitSite::Parker::notifyList},
    {"sync.runtime_notifyListWait", WaitSite::Parker::notifyList},
    {"runtime.coroswitch", WaitSite::Parker::coroutine},
    {"runtime.corostart", WaitSite::Parker::coroutine},
    {"runtime.netpollblock", WaitSite::Parker::netpoll},
    {"internal/poll.runtime_pollWait", WaitSite::Parker::netpoll},
}};

bool parks(std::string_view name) {
  return name == "runtime.gopark" || name == "runtime.goparkunlock" || name == "runtime.mcall";
}

// sync.Mutex's lock methods; since 1.24 they wrap those of internal/sync.Mutex.
bool isMutexLock(std::string_view name) {
  return name == "sync.(*Mutex).Lock" || name == "sync.(*Mutex).lockSlow" ||
         name == "internal/sync.(*Mutex).Lock" || name == "internal/sync.(*Mutex).lockSlow";
}

}  // namespace

SyncUse semaphoreUse(std::span<const std::string_view> calls) {
  if (calls.size() < 2) return SyncUse::unknown;
  // The runtime's entry points, whose names since 1.20 (WaitGroup: 1.24) tell almost everything.
  const std::string_view entry = calls[0];
  if (!entry.starts_with("sync.runtime_Semacquire") &&
      !entry.starts_with("internal/sync.runtime_Semacquire")) {
    return SyncUse::other;  // internal/poll.runtime_Semacquire, runtime.semacquire
  }
  std::size_t i = 1;
  if (isMutexLock(calls[i])) {
    while (i < calls.size() && isMutexLock(calls[i])) ++i;
    if (i < calls.size() && calls[i] == "sync.(*RWMutex).Lock") return SyncUse::rwMutexInner;
    if (i < calls.size() && calls[i] == "sync.(*Once).doSlow") return SyncUse::once;
    return SyncUse::mutex;
  }
  if (calls[i] == "sync.(*RWMutex).RLock") return SyncUse::rwMutexReader;
  if (calls[i] == "sync.(*RWMutex).Lock") return SyncUse::rwMutexWriter;
  if (calls[i] == "sync.(*WaitGroup).Wait") return SyncUse::waitGroup;
  return SyncUse::other;  // other packages reach these entry points through linkname
}

WaitSite WaitSites::of(const Goroutine& goroutine) {
  if (goroutine.stack >= sites_.size()) return {};
  if (!known_[goroutine.stack]) {
    sites_[goroutine.stack] = classify(snapshot_.frames(goroutine));
    known_[goroutine.stack] = true;
  }
  return sites_[goroutine.stack];
}

WaitSite WaitSites::classify(std::span<const FramePc> frames) {
  WaitSite site;
  std::vector<std::string_view> calls;
  std::size_t parker = 0;  // index into calls of the function that parked
  std::size_t frame = 0;
  for (; frame < std::min(frames.size(), kMaxFrames); ++frame) {
    calls.clear();
    code_.callNames(frames[frame], calls);
    parker = 0;
    while (parker < calls.size() && parks(calls[parker])) ++parker;
    if (parker < calls.size()) break;
    if (calls.empty()) return site;
  }
  if (frame >= std::min(frames.size(), kMaxFrames)) return site;
  const auto known = std::ranges::find(kParkers, calls[parker], &ParkerName::function);
  site.parker = known == kParkers.end() ? WaitSite::Parker::unknown : known->parker;
  site.frame = static_cast<std::uint8_t>(frame);
  if (site.parker == WaitSite::Parker::notifyList) site.use = SyncUse::cond;
  if (site.parker == WaitSite::Parker::semacquire) {
    calls.erase(calls.begin(), calls.begin() + static_cast<std::ptrdiff_t>(parker) + 1);
    for (++frame; frame < std::min(frames.size(), kMaxFrames); ++frame) {
      code_.callNames(frames[frame], calls);
    }
    site.use = semaphoreUse(calls);
  }
  return site;
}

}  // namespace parked::golang
