#include "leak/lock_holders.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "golang/addr_map.h"
#include "golang/unwind.h"
#include "leak/lock_cycles.h"
#include "leak/lock_sites.h"

namespace parked::leak {

namespace {

using golang::ObjectKind;

constexpr std::size_t kHoldersKept = 4;
// Whoever has an array of locks may hold any of them: that he has it tells nothing.
constexpr std::size_t kLocksInObject = 8;
constexpr std::uint64_t kLargestFrame = 1 << 16;
constexpr std::uint64_t kMutexSize = 8, kRwMutexSize = 24;  // sync.Mutex, sync.RWMutex, 64-bit

/// A frame that has locked something and not unlocked it.
struct HoldingFrame {
  std::size_t frame = 0;  ///< number of the physical frame, from the innermost
  Place locked, now;
  bool rwMutex = false;
  std::vector<Index> globals;  ///< contended locks that its code names
};

class Finder {
 public:
  Finder(const golang::Snapshot& snapshot, const Code& code, const heap::Heap* heap,
         stdlib::Stop& stop)
      : snapshot_(snapshot),
        code_(code),
        heap_(heap),
        stop_(stop),
        sites_(*snapshot.image, code),
        unwinder_(*snapshot.image) {
    holders_.of.resize(snapshot.locks.size());
  }

  std::optional<LockHolders> run();

 private:
  void chooseLocks();
  void lookAt(Index goroutine);
  const std::vector<HoldingFrame>& holdingFrames(Index stack);
  void compare(Index goroutine, const golang::Frame& frame, const HoldingFrame& holding);
  const std::vector<Index>& globalsIn(image::FuncIndex function, bool rwMutex);
  void add(Index lock, const LockHolder& holder);
  int rank(Index lock, const LockHolder& holder) const;

  const golang::Snapshot& snapshot_;
  const Code& code_;
  const heap::Heap* heap_;
  stdlib::Stop& stop_;
  LockSites sites_;
  golang::Unwinder unwinder_;
  LockHolders holders_;
  std::vector<Index> locks_;  // contended
  // Those outside of the heap by address, Mutexes and RWMutexes.
  std::array<std::vector<Index>, 2> globals_;
  golang::AddrMap byAddress_;                                    // of contended locks
  std::unordered_multimap<std::uint64_t, Index> bySlot_;         // heap object to locks in it
  std::unordered_map<Index, std::vector<HoldingFrame>> stacks_;  // by stack
  // By function: the contended locks its code names, of Mutexes and of RWMutexes.
  std::array<std::unordered_map<image::FuncIndex, std::vector<Index>>, 2> named_;
  std::vector<golang::Frame> frames_;
};

bool isHeld(const golang::Lock& lock) {
  if (!lock.decoded || lock.waiters == 0) return false;
  if (lock.kind == ObjectKind::mutex) return lock.mutexLocked;
  return lock.kind == ObjectKind::rwMutex && (lock.writerPending || lock.readers > 0);
}

void Finder::chooseLocks() {
  for (Index i = 0; i < snapshot_.locks.size(); ++i) {
    const golang::Lock& lock = snapshot_.locks[i];
    if (!isHeld(lock)) continue;
    locks_.push_back(i);
    byAddress_.insert(lock.address, i);
    const heap::ObjectRef object = heap_ != nullptr ? heap_->find(lock.address) : heap::ObjectRef();
    if (object) {
      bySlot_.emplace(heap_->slot(object), i);
    } else {
      globals_[lock.kind == ObjectKind::rwMutex ? 1 : 0].push_back(i);
    }
  }
  for (auto& globals : globals_) {
    std::ranges::sort(globals, {}, [this](Index i) { return snapshot_.locks[i].address; });
  }
  for (auto it = bySlot_.begin(); it != bySlot_.end();) {
    const auto [first, last] = bySlot_.equal_range(it->first);
    const bool many = static_cast<std::size_t>(std::distance(first, last)) > kLocksInObject;
    it = many ? bySlot_.erase(first, last) : last;
  }
}

const std::vector<Index>& Finder::globalsIn(image::FuncIndex function, bool rwMutex) {
  const auto [at, isNew] = named_[rwMutex ? 1 : 0].try_emplace(function);
  if (!isNew) return at->second;
  std::vector<Index>& found = at->second;
  const std::vector<Index>& globals = globals_[rwMutex ? 1 : 0];
  if (globals.empty()) return found;
  const auto addressOf = [this](Index lock) { return snapshot_.locks[lock].address; };
  sites_.visitReferences(function, [&](Addr named) {
    const auto behind = std::ranges::upper_bound(globals, named, {}, addressOf);
    if (behind == globals.begin()) return;
    const Index lock = *std::prev(behind);
    if (named - addressOf(lock) < (rwMutex ? kRwMutexSize : kMutexSize)) found.push_back(lock);
  });
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  return found;
}

/// The frames of a stack that stand behind a Lock in the text of their function, with no Unlock in
/// between. A frame that unlocks by `defer` has no Unlock of its own.
const std::vector<HoldingFrame>& Finder::holdingFrames(Index index) {
  const auto [at, isNew] = stacks_.try_emplace(index);
  if (!isNew || index >= snapshot_.stacks.size()) return at->second;
  const golang::Stack& stack = snapshot_.stacks[index];
  const image::FunctionTable& table = snapshot_.image->functions();
  std::vector<image::SourceFrame> source;
  for (std::size_t i = 0; i < stack.count && !stop_(); ++i) {
    const golang::FramePc& pc = snapshot_.pcs[stack.first + i];
    const image::FuncIndex function = table.find(pc.exact != 0 ? pc.pc : pc.pc - 1);
    const auto& sites = sites_.of(function);
    if (sites.empty()) continue;
    source.clear();
    code_.expand(pc.pc, pc.exact != 0, source);
    for (const image::SourceFrame& call : source) {
      const auto before = [&](const LockSite& site) {
        return site.function == call.function && site.line < call.line;
      };
      // The last Unlock in front of the call, of a Mutex and of an RWMutex.
      std::array<std::int32_t, 2> released;
      released.fill(std::numeric_limits<std::int32_t>::min());
      for (const LockSite& site : sites) {
        if (site.acquires || !before(site)) continue;
        std::int32_t& line = released[site.rwMutex ? 1 : 0];
        line = std::max(line, site.line);
      }
      for (const LockSite& site : sites) {
        if (!site.acquires || !before(site) || released[site.rwMutex ? 1 : 0] > site.line) continue;
        at->second.push_back({i,
                              {site.function, site.file, site.line},
                              {call.function, call.file, call.line},
                              site.rwMutex,
                              globalsIn(function, site.rwMutex)});
      }
    }
  }
  return at->second;
}

/// Who waits for a lock seldom holds it, only when nobody else could; and one that has the lock's
/// own address outdoes those that only know where it lies.
int Finder::rank(Index lock, const LockHolder& holder) const {
  return (lockWaitedFor(snapshot_, holder.goroutine) != lock ? 2 : 0) + (holder.exact ? 1 : 0);
}

/// Keeps the first few of the highest rank.
void Finder::add(Index lock, const LockHolder& holder) {
  auto& holders = holders_.of[lock];
  if (!holders.empty()) {
    const int known = rank(lock, holders.front()), mine = rank(lock, holder);
    if (mine < known) return;
    if (mine > known) holders.clear();
  }
  if (holders.size() == kHoldersKept ||
      (!holders.empty() && holders.back().goroutine == holder.goroutine)) {
    return;
  }
  holders.push_back(holder);
}

/// Which contended locks the frame has at hand: their address, or that of the object they lie in,
/// among its words; or a global that its code names.
void Finder::compare(Index goroutine, const golang::Frame& frame, const HoldingFrame& holding) {
  const auto matches = [&](Index lock) {
    return (snapshot_.locks[lock].kind == ObjectKind::rwMutex) == holding.rwMutex;
  };
  const auto found = [&](Index lock, bool exact) {
    if (matches(lock)) add(lock, {goroutine, holding.locked, holding.now, exact});
  };
  const image::Function& function = snapshot_.image->functions().function(frame.function);
  const auto arguments = static_cast<std::uint64_t>(std::max(function.argBytes, 0));
  const Addr end = std::max(frame.varp, frame.argp) + std::min(arguments, kLargestFrame);
  if (end > frame.sp && end - frame.sp <= 2 * kLargestFrame) {
    const auto bytes = snapshot_.image->target().memory().bytes(frame.sp, end - frame.sp);
    for (std::size_t at = 0; at + sizeof(Addr) <= bytes.size(); at += sizeof(Addr)) {
      Addr word;
      std::memcpy(&word, bytes.data() + at, sizeof word);
      if (word < heap::kPageSize) continue;
      if (stop_()) return;
      if (const Index lock = byAddress_.find(word); lock != golang::AddrMap::kMissing) {
        found(lock, true);
      }
      if (bySlot_.empty()) continue;
      const heap::ObjectRef object = heap_->find(word);
      if (!object) continue;
      const auto [first, last] = bySlot_.equal_range(heap_->slot(object));
      for (auto it = first; it != last; ++it) found(it->second, false);
    }
  }
  for (const Index lock : holding.globals) found(lock, true);
}

void Finder::lookAt(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  if (goroutine.system || goroutine.stack == kNone) return;
  const auto& holding = holdingFrames(goroutine.stack);
  if (holding.empty()) return;
  frames_.clear();
  golang::framesOf(snapshot_, goroutine, unwinder_, frames_);
  for (const HoldingFrame& each : holding) {
    if (each.frame < frames_.size() && frames_[each.frame].function != image::kNoFunc) {
      compare(index, frames_[each.frame], each);
    }
  }
}

std::optional<LockHolders> Finder::run() {
  chooseLocks();
  if (locks_.empty()) return std::move(holders_);
  for (Index i = 0; i < snapshot_.goroutines.size() && !stop_(); ++i) lookAt(i);
  if (stop_()) return std::nullopt;
  findLockCycles(snapshot_, locks_, holders_);
  return std::move(holders_);
}

}  // namespace

std::optional<LockHolders> findLockHolders(const golang::Snapshot& snapshot, const Code& code,
                                           const heap::Heap* heap, stdlib::Stop& stop) {
  if (snapshot.image == nullptr) return LockHolders();
  return Finder(snapshot, code, heap, stop).run();
}

}  // namespace parked::leak
