#include "golang/locks.h"

#include <string>
#include <vector>

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

}  // namespace

ObjectKind objectKind(SyncUse use) {
  switch (use) {
    case SyncUse::mutex:
      return ObjectKind::mutex;
    case SyncUse::once:
      return ObjectKind::once;
    case SyncUse::rwMutexInner:
    case SyncUse::rwMutexWriter:
    case SyncUse::rwMutexReader:
      return ObjectKind::rwMutex;
    case SyncUse::waitGroup:
      return ObjectKind::waitGroup;
    case SyncUse::cond:
      return ObjectKind::cond;
    case SyncUse::other:
    case SyncUse::unknown:
      break;
  }
  return ObjectKind::semaphore;
}

WaitOp waitOp(SyncUse use) {
  switch (use) {
    case SyncUse::mutex:
    case SyncUse::rwMutexInner:
    case SyncUse::rwMutexWriter:
      return WaitOp::lock;
    case SyncUse::rwMutexReader:
      return WaitOp::rlock;
    default:
      return WaitOp::wait;
  }
}

LockTable::LockTable(Access& access, std::vector<Lock>& locks) : access_(access), locks_(locks) {
  std::vector<std::string> missing;  // a program without a type does not wait on one
  image::Binder mutex(access.layouts, "sync.Mutex", missing);
  mutex.optional(mutexState_, "mu.state", "state");
  mutex.optional(mutexSema_, "mu.sema", "sema");

  image::Binder rwMutex(access.layouts, "sync.RWMutex", missing);
  rwInner_ = rwMutex.offsetOf("w", false);
  rwMutex.optional(rwWriterSem_, "writerSem");
  rwMutex.optional(rwReaderSem_, "readerSem");
  rwMutex.optional(rwReaderCount_, "readerCount");
  rwMutex.optional(rwReaderWait_, "readerWait");

  image::Binder group(access.layouts, "sync.WaitGroup", missing);
  group.optional(groupState_, "state", "state1");
  group.optional(groupSema_, "sema", "state2");

  image::Binder cond(access.layouts, "sync.Cond", missing);
  condNotify_ = cond.offsetOf("notify", false);
  image::Binder list(access.layouts, "runtime.notifyList", missing);
  list.optional(listWait_, "wait");
  list.optional(listNotify_, "notify");

  image::Binder once(access.layouts, "sync.Once", missing);
  once.optional(onceDone_, "done");
  onceMutex_ = once.offsetOf("m", false);
}

std::optional<Addr> LockTable::baseOf(SyncUse use, Addr word) const {
  const auto minus = [word](std::uint64_t offset, bool known) -> std::optional<Addr> {
    if (!known || word < offset) return std::nullopt;
    return word - offset;
  };
  switch (use) {
    case SyncUse::mutex:
      return minus(mutexSema_.offset, mutexSema_.exists());
    case SyncUse::once:
      return minus(std::uint64_t{onceMutex_} + mutexSema_.offset,
                   onceMutex_ != kAbsent && mutexSema_);
    case SyncUse::rwMutexInner:
      return minus(std::uint64_t{rwInner_} + mutexSema_.offset, rwInner_ != kAbsent && mutexSema_);
    case SyncUse::rwMutexWriter:
      return minus(rwWriterSem_.offset, rwWriterSem_.exists());
    case SyncUse::rwMutexReader:
      return minus(rwReaderSem_.offset, rwReaderSem_.exists());
    case SyncUse::waitGroup:
      return minus(groupSema_.offset, groupSema_.exists());
    case SyncUse::cond:
      return minus(condNotify_, condNotify_ != kAbsent);
    case SyncUse::other:
    case SyncUse::unknown:
      break;
  }
  return word;
}

Index LockTable::add(SyncUse use, Addr base, Addr word) {
  const ObjectKind kind = objectKind(use);
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
  if (!mutexState_ || !access_.memory.read(address + mutexState_.offset, state)) return;
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
  if (!rwReaderCount_ || !rwReaderWait_ || rwInner_ == kAbsent ||
      !access_.memory.read(lock.address + rwReaderCount_.offset, count) ||
      !access_.memory.read(lock.address + rwReaderWait_.offset, wait)) {
    return;
  }
  decodeMutex(lock, lock.address + rwInner_, goroutines);
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
  if (!groupState_ || !access_.memory.read(lock.address + groupState_.offset, state)) return;
  lock.counter = static_cast<std::int32_t>(state >> 32);
  lock.groupWaiters = static_cast<std::uint32_t>(state) & kGroupWaiters;
  // While somebody waits the counter is above zero; when it drops to zero the state is cleared and
  // the waiters are woken one after the other.
  lock.decoded = lock.counter > 0 && lock.groupWaiters >= lock.waiters;
}

void LockTable::decodeCond(Lock& lock) const {
  if (condNotify_ == kAbsent || !listWait_ || !listNotify_) return;
  const Addr list = lock.address + condNotify_;
  if (!access_.memory.read(list + listWait_.offset, lock.condWait) ||
      !access_.memory.read(list + listNotify_.offset, lock.condNotify)) {
    return;
  }
  // Tickets wrap around; their difference bounds the waiters.
  lock.decoded = lock.condWait - lock.condNotify >= lock.waiters;
}

void LockTable::decodeOnce(Lock& lock, std::uint64_t goroutines) const {
  std::uint32_t done = 0;
  if (!onceDone_ || onceMutex_ == kAbsent ||
      !access_.memory.read(lock.address + onceDone_.offset, done)) {
    return;
  }
  decodeMutex(lock, lock.address + onceMutex_, goroutines);
  // The one who runs the function holds the mutex; done is set just before he lets go.
  lock.decoded = lock.decoded && done <= 1 && (lock.mutexLocked || done == 1 || lock.mutexWoken);
}

}  // namespace parked::golang
