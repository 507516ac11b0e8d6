#include "golang/locks.h"

#include <string>
#include <vector>

#include "base/traits.h"

namespace parked::golang {

namespace {

// sync.Mutex.state
constexpr std::int32_t kMutexLocked = 1;
constexpr std::int32_t kMutexWoken = 2;
constexpr std::int32_t kMutexStarving = 4;
constexpr int kMutexWaiterShift = 3;

constexpr std::int64_t kMaxReaders = 1 << 30;  // sync.rwmutexMaxReaders

// The low half of WaitGroup.state counts waiters; its top bit says, since 1.25, that the group
// belongs to a synctest bubble. No group has that many waiters.
constexpr std::uint32_t kGroupWaiters = 0x7fffffff;

constexpr std::array kUses = {
    SyncTraits{SyncUse::unknown, ObjectKind::semaphore, WaitOp::wait},
    SyncTraits{SyncUse::mutex, ObjectKind::mutex, WaitOp::lock},
    SyncTraits{SyncUse::once, ObjectKind::once, WaitOp::wait},
    SyncTraits{SyncUse::rwMutexInner, ObjectKind::rwMutex, WaitOp::lock},
    SyncTraits{SyncUse::rwMutexWriter, ObjectKind::rwMutex, WaitOp::lock},
    SyncTraits{SyncUse::rwMutexReader, ObjectKind::rwMutex, WaitOp::rlock},
    SyncTraits{SyncUse::waitGroup, ObjectKind::waitGroup, WaitOp::wait},
    SyncTraits{SyncUse::cond, ObjectKind::cond, WaitOp::wait},
    SyncTraits{SyncUse::other, ObjectKind::semaphore, WaitOp::wait},
};
static_assert(isComplete(kUses, SyncUse::other));

}  // namespace

const SyncTraits& traitsOf(SyncUse use) { return rowOf(kUses, use); }

LockTable::LockTable(Access& access, std::vector<Lock>& locks)
    : access_(access), locks_(locks), sync_(schema::SyncLayout::of(access.layouts)) {
  std::vector<std::string> missing;  // a program without Cond does not wait on one
  list_ = schema::NotifyListLayout::of(access.layouts, missing);
}

std::optional<Addr> LockTable::baseOf(SyncUse use, Addr word) const {
  const auto minus = [word](std::uint64_t offset, bool known) -> std::optional<Addr> {
    if (!known || word < offset) return std::nullopt;
    return word - offset;
  };
  switch (use) {
    case SyncUse::mutex:
      return minus(sync_.mutexSema.offset, sync_.mutexSema.exists());
    case SyncUse::once:
      return minus(std::uint64_t{sync_.onceMutex} + sync_.mutexSema.offset,
                   sync_.onceMutex != schema::SyncLayout::kAbsent && sync_.mutexSema);
    case SyncUse::rwMutexInner:
      return minus(std::uint64_t{sync_.rwInner} + sync_.mutexSema.offset,
                   sync_.rwInner != schema::SyncLayout::kAbsent && sync_.mutexSema);
    case SyncUse::rwMutexWriter:
      return minus(sync_.rwWriterSem.offset, sync_.rwWriterSem.exists());
    case SyncUse::rwMutexReader:
      return minus(sync_.rwReaderSem.offset, sync_.rwReaderSem.exists());
    case SyncUse::waitGroup:
      return minus(sync_.groupSema.offset, sync_.groupSema.exists());
    case SyncUse::cond:
      return minus(sync_.condNotify, sync_.condNotify != schema::SyncLayout::kAbsent);
    case SyncUse::other:
    case SyncUse::unknown:
      break;
  }
  return word;
}

Index LockTable::add(SyncUse use, Addr base, Addr word) {
  const ObjectKind kind = traitsOf(use).kind;
  // An RWMutex and its inner mutex share an address: the kind is part of the key, in the byte that
  // no user-space address uses.
  const Addr key = base ^ (static_cast<Addr>(kind) << 56);
  const auto next = static_cast<Index>(locks_.size());
  Index index = next;
  if (byObject_.insert(key, next)) {
    Lock lock;
    lock.address = base;
    lock.kind = kind;
    lock.semaphore = use == SyncUse::cond ? 0 : word;
    locks_.push_back(lock);
  } else {
    index = byObject_.find(key);
  }
  ++locks_[index].waiters;
  return index;
}

void LockTable::decode(std::uint64_t goroutines) {
  for (Lock& lock : locks_) {
    switch (lock.kind) {
      case ObjectKind::mutex:
        decodeMutex(lock, lock.address, goroutines);
        break;
      case ObjectKind::rwMutex:
        decodeRwMutex(lock, goroutines);
        break;
      case ObjectKind::waitGroup:
        decodeWaitGroup(lock);
        break;
      case ObjectKind::cond:
        decodeCond(lock);
        break;
      case ObjectKind::once:
        decodeOnce(lock, goroutines);
        break;
      default:
        break;
    }
  }
}

void LockTable::decodeMutex(Lock& lock, Addr address, std::uint64_t goroutines) const {
  std::int32_t state = 0;
  if (!sync_.mutexState || !access_.memory.read(address + sync_.mutexState.offset, state)) return;
  if (state < 0) return;
  lock.mutexLocked = (state & kMutexLocked) != 0;
  lock.mutexWoken = (state & kMutexWoken) != 0;
  lock.mutexStarving = (state & kMutexStarving) != 0;
  lock.mutexWaiters = static_cast<std::uint32_t>(state >> kMutexWaiterShift);
  // Unlock takes one waiter off the count before it takes him out of the queue.
  const bool inner = lock.kind == ObjectKind::rwMutex;
  lock.decoded = lock.mutexWaiters <= goroutines &&
                 (inner || std::uint64_t{lock.mutexWaiters} + 1 >= lock.waiters);
}

void LockTable::decodeRwMutex(Lock& lock, std::uint64_t goroutines) const {
  std::int32_t count = 0;
  std::int32_t wait = 0;
  if (!sync_.rwReaderCount || !sync_.rwReaderWait || sync_.rwInner == schema::SyncLayout::kAbsent ||
      !access_.memory.read(lock.address + sync_.rwReaderCount.offset, count) ||
      !access_.memory.read(lock.address + sync_.rwReaderWait.offset, wait)) {
    return;
  }
  decodeMutex(lock, lock.address + sync_.rwInner, goroutines);
  if (!lock.decoded) return;
  // A pending writer takes kMaxReaders off the count of readers; from then on the count includes
  // readers that wait for him, and readerWait counts those he still waits for.
  lock.writerPending = count < 0;
  lock.readerWait = wait;
  lock.readers = lock.writerPending ? wait : count;
  // Somebody waits, so there is or was a writer at it; and no field can be out of its range.
  lock.decoded = std::int64_t{count} >= -kMaxReaders && std::int64_t{count} < kMaxReaders &&
                 wait >= 0 && wait <= kMaxReaders && (lock.writerPending || lock.mutexLocked);
}

void LockTable::decodeWaitGroup(Lock& lock) const {
  std::uint64_t state = 0;
  if (!sync_.groupState || !access_.memory.read(lock.address + sync_.groupState.offset, state))
    return;
  lock.counter = static_cast<std::int32_t>(state >> 32);
  lock.groupWaiters = static_cast<std::uint32_t>(state) & kGroupWaiters;
  // While somebody waits the counter is above zero; when it drops to zero the state is cleared and
  // the waiters are woken one after the other.
  lock.decoded = lock.counter > 0 && lock.groupWaiters >= lock.waiters;
}

void LockTable::decodeCond(Lock& lock) const {
  if (sync_.condNotify == schema::SyncLayout::kAbsent || !list_.wait || !list_.notify) return;
  const Addr list = lock.address + sync_.condNotify;
  if (!access_.memory.read(list + list_.wait.offset, lock.condWait) ||
      !access_.memory.read(list + list_.notify.offset, lock.condNotify)) {
    return;
  }
  // Tickets wrap around; their difference bounds the waiters.
  lock.decoded = lock.condWait - lock.condNotify >= lock.waiters;
}

void LockTable::decodeOnce(Lock& lock, std::uint64_t goroutines) const {
  std::uint32_t done = 0;
  if (!sync_.onceDone || sync_.onceMutex == schema::SyncLayout::kAbsent ||
      !access_.memory.read(lock.address + sync_.onceDone.offset, done)) {
    return;
  }
  decodeMutex(lock, lock.address + sync_.onceMutex, goroutines);
  // The one who runs the function holds the mutex; done is set just before he lets go.
  lock.decoded = lock.decoded && done <= 1 && (lock.mutexLocked || done == 1 || lock.mutexWoken);
}

}  // namespace parked::golang
