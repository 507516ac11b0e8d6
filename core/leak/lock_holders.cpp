#include "leak/lock_holders.h"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <utility>

#include "golang/addr_map.h"
#include "golang/unwind.h"
#include "leak/lock_cycles.h"
#include "leak/lock_sites.h"
#include "schema/sync_types.h"

namespace parked::leak {

namespace {

using golang::ObjectKind;

constexpr std::size_t kHoldersKept = 4;
constexpr std::size_t kNoFrame = ~std::size_t{0};

/// Of a stack, the frames that have to do with locks.
struct StackLocks {
  struct At {
    std::size_t frame = 0;  ///< number of the physical frame, from the innermost
    const FrameLocks* locks = nullptr;
  };
  std::vector<At> frames;           ///< from the innermost
  std::size_t condWait = kNoFrame;  ///< the innermost frame in sync.(*Cond).Wait
};

/// A contended lock that a frame has taken.
struct Held {
  Index lock = kNone;
  const LockUse* use = nullptr;
  std::size_t frame = 0;
  bool exact = false;
};

class Finder {
 public:
  Finder(const golang::Snapshot& snapshot, const Code& code, Progress& progress)
      : snapshot_(snapshot),
        code_(code),
        progress_(progress),
        memory_(snapshot.image->target().memory()),
        sites_(*snapshot.image, code),
        unwinder_(*snapshot.image) {
    holders_.of.resize(snapshot.locks.size());
    condLocker_ = schema::SyncLayout::of(snapshot.image->layouts()).condLocker;
  }

  std::optional<LockHolders> run();

 private:
  void chooseLocks();
  void lookAt(Index goroutine);
  const StackLocks& locksOf(Index stack);
  void replay(const StackLocks::At& at, const golang::Frame& frame, Addr waited);
  void findHidden(std::span<const LockUse* const> locked, std::span<const Held> unlocks,
                  bool deferred);
  void dropCondLock(Index goroutine, const StackLocks& stack);
  Index lockAt(Addr address, LockMode mode) const;
  void add(Index goroutine, const Held& held);
  void addUnlocker(Index goroutine, const Held& will);
  void findLockedAgain();

  const golang::Snapshot& snapshot_;
  const Code& code_;
  Progress& progress_;
  target::AddressSpace& memory_;
  LockSites sites_;
  golang::Unwinder unwinder_;
  std::uint32_t condLocker_ = 0;
  LockHolders holders_;
  std::vector<Index> locks_;             // contended
  golang::AddrMap mutexes_, rwMutexes_;  // contended, by address
  std::unordered_map<Index, StackLocks> stacks_;
  std::vector<golang::Frame> frames_;
  std::vector<Held> held_, deferred_, left_;             // of the goroutine that is looked at
  std::vector<std::pair<Index, LockHolder>> unlockers_;  // by lock
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
    (lock.kind == ObjectKind::rwMutex ? rwMutexes_ : mutexes_).insert(lock.address, i);
  }
}

/// The contended lock there that is held in that way; kNone if there is none.
Index Finder::lockAt(Addr address, LockMode mode) const {
  const Index lock = (mode == LockMode::mutex ? mutexes_ : rwMutexes_).find(address);
  if (lock == golang::AddrMap::kMissing) return kNone;
  if (mode == LockMode::mutex) return lock;
  return (mode == LockMode::reader) == (snapshot_.locks[lock].readers > 0) ? lock : kNone;
}

const StackLocks& Finder::locksOf(Index index) {
  const auto [at, isNew] = stacks_.try_emplace(index);
  StackLocks& result = at->second;
  if (!isNew || index >= snapshot_.stacks.size()) return result;
  const golang::Stack& stack = snapshot_.stacks[index];
  const image::FunctionTable& table = snapshot_.image->functions();
  std::vector<image::SourceFrame> source;
  for (std::size_t i = 0; i < stack.count && progress_.step(); ++i) {
    const golang::FramePc& pc = snapshot_.pcs[stack.first + i];
    const bool exact = pc.exact != 0;
    const FrameLocks& locks = sites_.at(table.find(pc.inside()), pc.pc, exact);
    // While a panic runs what is deferred, who knows what has run already.
    const auto panics = [&] {
      source.clear();
      if (i > 0) code_.expand(snapshot_.pcs[stack.first + i - 1].pc, false, source);
      return !source.empty() && (source.back().function == "runtime.gopanic" ||
                                 source.back().function == "runtime.sigpanic" ||
                                 source.back().function == "runtime.Goexit");
    };
    if (!locks.empty() && !(locks.defers && panics())) result.frames.push_back({i, &locks});
  }
  for (std::size_t i = 0; i < stack.count && !result.frames.empty(); ++i) {
    const golang::FramePc& pc = snapshot_.pcs[stack.first + i];
    source.clear();
    code_.expand(pc.pc, pc.exact != 0, source);
    const auto waits = [](const image::SourceFrame& f) {
      return f.function == "sync.(*Cond).Wait";
    };
    if (!std::ranges::any_of(source, waits)) continue;
    result.condWait = i;
    break;
  }
  return result;
}

/// What a frame has done, after what those have done that called it.
void Finder::replay(const StackLocks::At& at, const golang::Frame& frame, Addr waited) {
  const auto resolve = [&](const LockUse& use) {
    const auto address = at.locks->evaluate(use.address, {frame.fp, waited, memory_});
    return address ? lockAt(*address, use.mode) : kNone;
  };
  std::vector<const LockUse*> hidden;  // taken, and not told which
  std::ptrdiff_t released = 0;         // of those
  for (const LockUse& use : at.locks->done) {
    if (use.address == LockUse::kNotTold) {
      if (use.acquires) {
        hidden.push_back(&use);
      } else if (std::ranges::count(hidden, use.mode, &LockUse::mode) > released) {
        ++released;
      } else {  // it may have been any of them
        std::erase_if(held_, [&](const Held& held) { return held.use->mode == use.mode; });
      }
      continue;
    }
    const Index lock = resolve(use);
    if (lock == kNone) continue;
    if (use.acquires) {
      held_.push_back({lock, &use, at.frame, use.exact && use.certain});
      continue;
    }
    const auto last = std::find_if(held_.rbegin(), held_.rend(), [&](const Held& held) {
      return held.lock == lock && held.use->mode == use.mode;
    });
    if (last != held_.rend()) held_.erase(std::next(last).base());
  }
  const std::size_t before = deferred_.size(), after = left_.size();
  for (const LockUse& use : at.locks->deferred) {
    if (const Index lock = resolve(use); lock != kNone) deferred_.push_back({lock, &use, at.frame});
  }
  for (const LockUse& use : at.locks->left) {
    if (const Index lock = resolve(use); lock != kNone) left_.push_back({lock, &use, at.frame});
  }
  if (!hidden.empty()) {
    findHidden(hidden, std::span(deferred_).subspan(before), released == 0);
    findHidden(hidden, std::span(left_).subspan(after), false);
  }
}

/// What was locked is not told, but what will be unlocked is. Only a deferred Unlock is that of
/// this very lock; another may come after more locks were taken.
void Finder::findHidden(std::span<const LockUse* const> locked, std::span<const Held> unlocks,
                        bool deferred) {
  for (const Held& unlock : unlocks) {
    const LockMode mode = unlock.use->mode;
    const auto known = [&](const Held& held) { return held.lock == unlock.lock; };
    if (std::ranges::any_of(held_, known)) continue;
    const auto alike = [mode](const LockUse* use) { return use->mode == mode; };
    const auto which = std::ranges::find_if(locked, alike);
    if (which == locked.end()) continue;
    const bool only = std::ranges::count_if(locked, alike) == 1 && unlocks.size() == 1;
    held_.push_back({unlock.lock, *which, unlock.frame, deferred && only && (*which)->certain});
  }
}

/// Cond.Wait has unlocked Cond.L, and has not got it again.
void Finder::dropCondLock(Index goroutine, const StackLocks& stack) {
  if (stack.condWait == kNoFrame) return;
  const auto waits = snapshot_.waitsOf(snapshot_.goroutines[goroutine]);
  Addr lock = 0;
  if (!waits.empty() && waits.front().kind == ObjectKind::cond) {
    constexpr auto kAbsent = image::Field<std::uint32_t>::kAbsent;
    if (condLocker_ != kAbsent)
      memory_.read(waits.front().address + condLocker_ + sizeof(Addr), lock);
  } else if (lockWaitedFor(snapshot_, goroutine) != kNone) {
    lock = waits.front().address;
  }
  std::erase_if(held_, [&](const Held& held) {
    const bool outside = held.frame >= stack.condWait;
    return outside && (lock == 0 || snapshot_.locks[held.lock].address == lock);
  });
}

/// Keeps a few: those that are sure, or else those that are not.
void Finder::add(Index goroutine, const Held& held) {
  auto& holders = holders_.of[held.lock];
  if (!held.exact && lockWaitedFor(snapshot_, goroutine) == held.lock) return;
  if (!holders.empty() && holders.front().exact != held.exact) {
    if (!held.exact) return;
    holders.clear();
  }
  const auto same = [&](const LockHolder& holder) { return holder.goroutine == goroutine; };
  if (holders.size() == kHoldersKept || std::ranges::any_of(holders, same)) return;
  holders.push_back({.goroutine = goroutine,
                     .locked = held.use->place,
                     .now = held.use->now,
                     .exact = held.exact,
                     .reads = held.use->mode == LockMode::reader});
}

void Finder::lookAt(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  if (goroutine.system || goroutine.stack == kNone || goroutine.inFlux) return;
  const StackLocks& stack = locksOf(goroutine.stack);
  if (stack.frames.empty()) return;
  frames_.clear();
  golang::framesOf(snapshot_, goroutine, unwinder_, frames_);
  held_.clear();
  deferred_.clear();
  left_.clear();
  const Index lock = lockWaitedFor(snapshot_, index);
  const Addr waited = lock != kNone ? snapshot_.locks[lock].address : 0;
  for (auto at = stack.frames.rbegin(); at != stack.frames.rend(); ++at) {
    if (at->frame < frames_.size()) replay(*at, frames_[at->frame], waited);
  }
  const std::vector<Held> all = held_;
  dropCondLock(index, stack);
  for (Held& held : held_) {
    // Read through a pointer, but the frame's deferred Unlock has the same lock's own address.
    held.exact = held.exact ||
                 (held.use->certain && std::ranges::any_of(deferred_, [&](const Held& deferred) {
                    return deferred.lock == held.lock && deferred.frame == held.frame &&
                           deferred.use->mode == held.use->mode;
                  }));
    add(index, held);
  }
  left_.insert(left_.end(), deferred_.begin(), deferred_.end());
  for (const Held& will : left_) {
    const auto mine = [&](const Held& held) { return held.lock == will.lock; };
    if (std::ranges::none_of(all, mine)) addUnlocker(index, will);
  }
}

/// A lock may be unlocked by another goroutine than the one that locked it.
void Finder::addUnlocker(Index goroutine, const Held& will) {
  if (lockWaitedFor(snapshot_, goroutine) == will.lock) return;
  unlockers_.push_back({will.lock,
                        {.goroutine = goroutine,
                         .locked = will.use->place,
                         .now = will.use->now,
                         .unlocks = true,
                         .reads = will.use->mode == LockMode::reader}});
}

/// Who waits for a lock that it has for reading itself waits in vain, whoever else reads.
void Finder::findLockedAgain() {
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    const Index lock = lockWaitedFor(snapshot_, i);
    if (lock == kNone || holders_.cycleOf.contains(i)) continue;
    const auto& holders = holders_.of[lock];
    const auto unlocks = [](const LockHolder& holder) { return holder.unlocks; };
    const auto mine = std::ranges::find(holders, i, &LockHolder::goroutine);
    if (mine == holders.end() || !mine->exact || !mine->reads ||
        std::ranges::any_of(holders, unlocks)) {
      continue;
    }
    holders_.cycleOf.try_emplace(i, holders_.cycles.size(), 0);
    holders_.cycles.push_back({{{i, lock, *mine}}});
  }
}

std::optional<LockHolders> Finder::run() {
  chooseLocks();
  if (locks_.empty()) return std::move(holders_);
  for (Index i = 0; i < snapshot_.goroutines.size() && progress_.step(); ++i) lookAt(i);
  if (!progress_.step()) return std::nullopt;
  for (const auto& [lock, unlocker] : unlockers_) {
    auto& holders = holders_.of[lock];
    const auto same = [&](const LockHolder& h) { return h.goroutine == unlocker.goroutine; };
    if (holders.size() < 2 * kHoldersKept && std::ranges::none_of(holders, same)) {
      holders.push_back(unlocker);
    }
  }
  findLockCycles(snapshot_, locks_, holders_);
  findLockedAgain();
  return std::move(holders_);
}

}  // namespace

std::optional<LockHolders> findLockHolders(const golang::Snapshot& snapshot, const Code& code,
                                           Progress& progress) {
  if (snapshot.image == nullptr) return LockHolders();
  return Finder(snapshot, code, progress).run();
}

}  // namespace parked::leak
