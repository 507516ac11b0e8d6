#include <gtest/gtest.h>

#include "golang/synthetic_runtime.h"
#include "golang/wait_sites.h"

namespace parked::golang {
namespace {

using test::Era;
using test::SyntheticRuntime;
using Names = std::vector<std::string_view>;

class SyncWaitsTest : public testing::TestWithParam<Era> {
 protected:
  SyntheticRuntime runtime{GetParam()};

  Index semaphoreStack(const std::vector<std::vector<std::string>>& callers) {
    std::vector<std::vector<std::string>> frames{{"runtime.gopark"},
                                                 {"runtime.goparkunlock", "runtime.semacquire1"}};
    frames.insert(frames.end(), callers.begin(), callers.end());
    return runtime.stack(frames);
  }
  /// A word in the middle of a struct, on whose bucket nobody else waits.
  Addr object(std::size_t size) {
    runtime.allocate(64);
    return runtime.allocate(size);
  }
  const Lock& lockOf(Index goroutine) {
    return runtime.snapshot.locks.at(runtime.wait(goroutine).object);
  }
  Addr notifyList(Addr list, const std::vector<Addr>& sudogs, std::uint32_t wait,
                  std::uint32_t notify) {
    runtime.set(list, "runtime.notifyList", "wait", wait);
    runtime.set(list, "runtime.notifyList", "notify", notify);
    runtime.set(list, "runtime.notifyList", "head", sudogs.front());
    runtime.set(list, "runtime.notifyList", "tail", sudogs.back());
    for (std::size_t i = 0; i + 1 < sudogs.size(); ++i) {
      runtime.set(sudogs[i], "runtime.sudog", "next", sudogs[i + 1]);
    }
    return list;
  }
  /// Parks a goroutine in Cond.Wait; before 1.26 only a word of its stack tells on what: `word`.
  Index parkCond(Addr list, Addr word) {
    const Index stack = runtime.stack({{"runtime.gopark"},
                                       {"runtime.goparkunlock", "sync.runtime_notifyListWait"},
                                       {"sync.(*Cond).Wait"}});
    const Index g = runtime.park("sync.Cond.Wait", stack);
    Goroutine& goroutine = runtime.snapshot.goroutines[g];
    goroutine.sp = runtime.allocate(256);
    runtime.target.put(goroutine.sp + 8, goroutine.sp);  // a frame pointer, as bait
    runtime.target.put(goroutine.sp + 72, word);
    Frame last;
    last.fp = goroutine.sp + 128;
    runtime.code.frames[goroutine.address] = {Frame{}, Frame{}, last};
    conds_.push_back(runtime.sudog(g, 0, GetParam() == Era::go126 ? list : 0));
    if (GetParam() == Era::go126) goroutine.waitingSudog = conds_.back();
    return g;
  }
  std::vector<Addr> conds_;
};
INSTANTIATE_TEST_SUITE_P(Versions, SyncWaitsTest, testing::Values(Era::go122, Era::go126));

TEST_P(SyncWaitsTest, Mutex) {
  const Addr mutex = object(8);
  runtime.target.put(mutex, std::int32_t{1 | 1 << 3});
  const Index g =
      runtime.park("sync.Mutex.Lock", semaphoreStack({{"internal/sync.runtime_SemacquireMutex"},
                                                      {"internal/sync.(*Mutex).lockSlow"},
                                                      {"sync.(*Mutex).Lock", "main.f"}}));
  runtime.acquire(g, mutex + 4);
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::mutex);
  EXPECT_EQ(runtime.wait(g).op, WaitOp::lock);
  EXPECT_EQ(runtime.wait(g).address, mutex);
  EXPECT_TRUE(runtime.wait(g).queued);
  EXPECT_EQ(lockOf(g).waiters, 1U);
  EXPECT_TRUE(lockOf(g).decoded);
  EXPECT_TRUE(lockOf(g).mutexLocked);
  EXPECT_FALSE(lockOf(g).mutexStarving);
  EXPECT_EQ(lockOf(g).mutexWaiters, 1U);
  EXPECT_EQ(lockOf(g).semaphore, mutex + 4);
}

TEST_P(SyncWaitsTest, StateThatContradictsItsWaitersIsNotShown) {
  const Addr mutex = object(8);  // nobody holds it and nobody waits, it says
  const Index a = runtime.park("sync.Mutex.Lock"), b = runtime.park("sync.Mutex.Lock");
  const Addr head = runtime.acquire(a, mutex + 4);
  runtime.set(head, "runtime.sudog", "waitlink", runtime.sudog(b, 0, mutex + 4));
  runtime.resolve();
  EXPECT_FALSE(lockOf(a).decoded);
  EXPECT_EQ(lockOf(a).waiters, 2U);
  EXPECT_FALSE(runtime.wait(b).queued);
  EXPECT_NE(runtime.note(runtime.wait(a)), "");
}

TEST_P(SyncWaitsTest, AllSemaphoresOfAnRwMutexAreOneObject) {
  const Addr rw = object(24);
  runtime.target.put(rw, std::int32_t{1 | 1 << 3});          // w: held, one writer waits
  runtime.target.put(rw + 16, std::int32_t{3 - (1 << 30)});  // pending, 3 readers
  runtime.target.put(rw + 20, std::int32_t{2});              // 2 of them still hold it
  const Index inner = runtime.park("sync.Mutex.Lock",
                                   semaphoreStack({{"sync.runtime_SemacquireMutex"},
                                                   {"sync.(*Mutex).lockSlow"},
                                                   {"sync.(*Mutex).Lock", "sync.(*RWMutex).Lock"},
                                                   {"main.f"}}));
  const Index writer =
      runtime.park("sync.RWMutex.Lock",
                   semaphoreStack({{"sync.runtime_SemacquireRWMutex"}, {"sync.(*RWMutex).Lock"}}));
  const Index reader = runtime.park(
      "sync.RWMutex.RLock",
      semaphoreStack({{"sync.runtime_SemacquireRWMutexR"}, {"sync.(*RWMutex).RLock", "main.g"}}));
  runtime.acquire(inner, rw + 4);
  const Addr head = runtime.acquire(writer, rw + 8);
  // Both inner words of 16-aligned memory share a bucket: one treap with two nodes.
  runtime.set(head, "runtime.sudog", "next", runtime.sudog(reader, 0, rw + 12));
  runtime.resolve();
  ASSERT_EQ(runtime.snapshot.locks.size(), 1U);
  const Lock& lock = runtime.snapshot.locks[0];
  EXPECT_EQ(lock.kind, ObjectKind::rwMutex);
  EXPECT_EQ(lock.address, rw);
  EXPECT_EQ(lock.waiters, 3U);
  EXPECT_TRUE(lock.decoded);
  EXPECT_TRUE(lock.writerPending);
  EXPECT_EQ(lock.readers, 2);
  EXPECT_EQ(lock.readerWait, 2);
  EXPECT_EQ(runtime.wait(inner).op, WaitOp::lock);
  EXPECT_EQ(runtime.wait(writer).op, WaitOp::lock);
  EXPECT_EQ(runtime.wait(reader).op, WaitOp::rlock);
}

TEST_P(SyncWaitsTest, WaitGroup) {
  const Addr group = object(16);
  runtime.target.put(group, std::uint64_t{3} << 32 | 1U << 31 | 1);  // in a synctest bubble
  const Index g = runtime.park(
      "semacquire", semaphoreStack({{"sync.runtime_Semacquire"}, {"sync.(*WaitGroup).Wait"}}));
  runtime.acquire(g, group + 8);
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::waitGroup);
  EXPECT_EQ(runtime.wait(g).address, group);
  EXPECT_TRUE(lockOf(g).decoded);
  EXPECT_EQ(lockOf(g).counter, 3);
  EXPECT_EQ(lockOf(g).groupWaiters, 1U);
}

TEST_P(SyncWaitsTest, WaitGroupAtZeroIsBeingWoken) {
  const Addr group = object(16);
  const Index g = runtime.park(
      "sync.WaitGroup.Wait",
      semaphoreStack({{"sync.runtime_SemacquireWaitGroup"}, {"sync.(*WaitGroup).Wait"}}));
  runtime.acquire(g, group + 8);
  runtime.resolve();
  EXPECT_FALSE(lockOf(g).decoded);
  EXPECT_FALSE(runtime.wait(g).queued);
}

TEST_P(SyncWaitsTest, SemaphoreOfADescriptorIsJustASemaphore) {
  const Addr fd = object(56);
  const Index g = runtime.park("semacquire", semaphoreStack({{"internal/poll.runtime_Semacquire"},
                                                             {"internal/poll.(*FD).Close"}}));
  runtime.acquire(g, fd + 40);
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::semaphore);
  EXPECT_EQ(runtime.wait(g).address, fd + 40);
  EXPECT_EQ(lockOf(g).semaphore, fd + 40);
}

TEST_P(SyncWaitsTest, TreapWithACycleCostsOnlyThatTreap) {
  const Addr mutex = object(8), other = object(8);
  runtime.target.put(other, std::int32_t{1 | 1 << 3});
  const Index g = runtime.park("sync.Mutex.Lock"), h = runtime.park("sync.Mutex.Lock");
  const Addr s = runtime.acquire(g, mutex + 4);
  runtime.set(s, "runtime.sudog", "prev", s);
  runtime.set(s, "runtime.sudog", "next", s);
  runtime.set(s, "runtime.sudog", "waitlink", s);
  runtime.acquire(h, other + 4);
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::mutex);
  EXPECT_EQ(runtime.wait(h).kind, ObjectKind::mutex);
  EXPECT_EQ(runtime.incomplete("semaphores"), "a queue of waiters is damaged");
}

// Whose entry it is, is told by the entry alone up to 1.25.
TEST_P(SyncWaitsTest, TwoEntriesOfOneGoroutineAreDoubtful) {
  for (const bool damaged : {false, true}) {
    SyntheticRuntime fresh{GetParam()};
    const Addr first = fresh.allocate(8), second = fresh.allocate(8);
    for (const Addr mutex : {first, second}) fresh.target.put(mutex, std::int32_t{1 | 1 << 3});
    const Index a = fresh.park("sync.Mutex.Lock"), b = fresh.park("sync.Mutex.Lock");
    const Addr of = fresh.acquire(a, first + 4);
    fresh.acquire(b, second + 4);
    if (damaged) fresh.set(of, "runtime.sudog", "g", fresh.snapshot.goroutines[b].address);
    fresh.resolve();
    EXPECT_EQ(fresh.wait(b).queued, !damaged);
    EXPECT_EQ(fresh.note(fresh.wait(b)), damaged ? "the semaphore's queue is damaged" : "");
  }
}

TEST_P(SyncWaitsTest, EntryThatIsNotTheGoroutinesOwnIsDamage) {
  const Addr mutex = object(8);
  runtime.target.put(mutex, std::int32_t{1 | 1 << 3});
  const Index g = runtime.park("sync.Mutex.Lock");
  runtime.acquire(g, mutex + 4);
  runtime.snapshot.goroutines[g].waitingSudog = runtime.sudog(g, 0, mutex + 4);
  runtime.resolve();
  EXPECT_FALSE(runtime.wait(g).queued);
  EXPECT_EQ(runtime.note(runtime.wait(g)), "the semaphore's queue is damaged");
}

TEST_P(SyncWaitsTest, TreapInTheWrongBucketIsDamage) {
  const Addr mutex = object(8);
  const Index g = runtime.park("sync.Mutex.Lock");
  const Addr s = runtime.sudog(g, 0, mutex + 4);
  runtime.set(runtime.semaphoreRoot(mutex + 4 + kWord), "runtime.semaRoot", "treap", s);
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::unknown);
  EXPECT_EQ(runtime.incomplete("semaphores"), "a queue of waiters is damaged");
}

TEST_P(SyncWaitsTest, WithoutTheTableNothingIsClaimed) {
  runtime.access.variables.erase("runtime.semtable");
  const Addr mutex = object(8);
  const Index g = runtime.park("sync.Mutex.Lock");
  runtime.acquire(g, mutex + 4);
  runtime.resolve();
  // 1.26 records the semaphore in the goroutine, but whether it is still queued is not known.
  EXPECT_EQ(runtime.wait(g).kind,
            GetParam() == Era::go126 ? ObjectKind::mutex : ObjectKind::unknown);
  EXPECT_FALSE(runtime.wait(g).queued);
  EXPECT_EQ(runtime.incomplete("semaphores"), "runtime.semtable was not found");
}

TEST_P(SyncWaitsTest, HeldTableLockIsNoted) {
  const Addr mutex = object(8);
  runtime.target.put(mutex, std::int32_t{1 | 1 << 3});
  const Index g = runtime.park("sync.Mutex.Lock");
  runtime.acquire(g, mutex + 4);
  runtime.set(runtime.semaphoreRoot(mutex + 4), "runtime.semaRoot", "lock.key", 1);
  runtime.resolve();
  EXPECT_FALSE(runtime.wait(g).queued);
  EXPECT_EQ(runtime.note(runtime.wait(g)), "the semaphore's queue was being changed");
}

TEST_P(SyncWaitsTest, ATreapInARotationIsNotDamaged) {
  const Addr mutex = object(8);
  const Index g = runtime.park("sync.Mutex.Lock");
  const Addr s = runtime.acquire(g, mutex + 4);
  runtime.set(s, "runtime.sudog", "prev", s);
  runtime.set(runtime.semaphoreRoot(mutex + 4), "runtime.semaRoot", "lock.key", 1);
  runtime.resolve();
  EXPECT_TRUE(runtime.snapshot.incomplete.empty());
  EXPECT_FALSE(runtime.snapshot.momentary.empty());
  EXPECT_TRUE(runtime.snapshot.passing);
  EXPECT_FALSE(runtime.wait(g).queued);
}

TEST_P(SyncWaitsTest, CondByItsNotifyListOrByTheCond) {
  const Addr cond = object(56);
  const Addr list = cond + 16;
  std::vector<Index> waiters{parkCond(list, list), parkCond(list, cond), parkCond(list, cond)};
  // Tickets have wrapped around.
  notifyList(list, conds_, 2, 0xffffffff);
  runtime.resolve();
  ASSERT_EQ(runtime.snapshot.locks.size(), 1U);
  for (const Index g : waiters) {
    EXPECT_EQ(runtime.wait(g).kind, ObjectKind::cond);
    EXPECT_EQ(runtime.wait(g).address, cond);
    EXPECT_TRUE(runtime.wait(g).queued);
  }
  EXPECT_EQ(runtime.snapshot.locks[0].waiters, 3U);
  EXPECT_TRUE(runtime.snapshot.locks[0].decoded);
  EXPECT_EQ(runtime.snapshot.locks[0].condNotify, 0xffffffffU);
}

// The entry of another may name it by damage: then it waits elsewhere.
TEST_P(SyncWaitsTest, CondThatItsStackDoesNotReferToIsNotBelieved) {
  const Addr cond = object(56), other = object(56);
  const Addr list = cond + 16;
  const Index g = parkCond(list, cond), h = parkCond(other + 16, other);
  notifyList(list, conds_, 2, 0);
  runtime.resolve();
  EXPECT_TRUE(runtime.wait(g).queued);
  EXPECT_FALSE(runtime.wait(h).queued);
}

TEST_P(SyncWaitsTest, EntryOfACondThatNamesAnotherIsDamage) {
  const Addr first = object(56), second = object(56);
  const Index a = parkCond(first + 16, first), b = parkCond(second + 16, second);
  notifyList(first + 16, {conds_[0]}, 1, 0);
  notifyList(second + 16, {conds_[1]}, 1, 0);
  runtime.set(conds_[0], "runtime.sudog", "g", runtime.snapshot.goroutines[b].address);
  runtime.resolve();
  EXPECT_FALSE(runtime.wait(a).queued);
  EXPECT_FALSE(runtime.wait(b).queued);
}

TEST_P(SyncWaitsTest, CondWhoseListIsACycleIsNotBelieved) {
  const Addr cond = object(56);
  const Index g = parkCond(cond + 16, cond), h = parkCond(cond + 16, cond);
  notifyList(cond + 16, conds_, 0x7fffffff, 0);
  runtime.set(conds_[1], "runtime.sudog", "next", conds_[0]);
  runtime.set(cond + 16, "runtime.notifyList", "tail", cond);
  runtime.resolve();
  for (const Index waiter : {g, h}) EXPECT_FALSE(runtime.wait(waiter).queued);
}

TEST_P(SyncWaitsTest, CondThatIsNowhereIsUnknownBefore126) {
  const Addr cond = object(56);
  const Index g = parkCond(cond + 16, 0);
  runtime.resolve();
  EXPECT_FALSE(runtime.wait(g).queued);
  EXPECT_EQ(runtime.wait(g).kind,
            GetParam() == Era::go126 ? ObjectKind::cond : ObjectKind::unknown);
}

TEST_P(SyncWaitsTest, Once) {
  const Addr once = object(12);
  runtime.target.put(once + 4, std::int32_t{1 | 1 << 3});
  const Index g =
      runtime.park("sync.Mutex.Lock", semaphoreStack({{"sync.runtime_SemacquireMutex"},
                                                      {"sync.(*Mutex).lockSlow"},
                                                      {"sync.(*Mutex).Lock", "sync.(*Once).doSlow"},
                                                      {"sync.(*Once).Do", "main.f"}}));
  runtime.acquire(g, once + 8);
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::once);
  EXPECT_EQ(runtime.wait(g).address, once);
  EXPECT_TRUE(lockOf(g).decoded);
  EXPECT_TRUE(lockOf(g).mutexLocked);
}

TEST(SemaphoreUse, ByTheCallsAroundIt) {
  EXPECT_EQ(semaphoreUse(Names{"sync.runtime_SemacquireMutex", "sync.(*Mutex).lockSlow",
                               "sync.(*Mutex).Lock", "main.f"}),
            SyncUse::mutex);
  // Up to 1.19 readers and writers come through the mutex's entry point.
  EXPECT_EQ(semaphoreUse(Names{"sync.runtime_SemacquireMutex", "sync.(*RWMutex).RLock", "main.f"}),
            SyncUse::rwMutexReader);
  EXPECT_EQ(semaphoreUse(Names{"sync.runtime_SemacquireMutex", "sync.(*RWMutex).Lock"}),
            SyncUse::rwMutexWriter);
  // A mutex that the function given to Once.Do locks is no Once.
  EXPECT_EQ(
      semaphoreUse(Names{"sync.runtime_SemacquireMutex", "sync.(*Mutex).lockSlow",
                         "sync.(*Mutex).Lock", "sync.(*Mutex).Lock-fm", "sync.(*Once).doSlow"}),
      SyncUse::mutex);
  // The runtime's own, a descriptor's, and a package that links to the entry points.
  EXPECT_EQ(semaphoreUse(Names{"runtime.semacquire", "runtime.GC"}), SyncUse::other);
  EXPECT_EQ(semaphoreUse(Names{"internal/poll.runtime_Semacquire", "internal/poll.(*FD).Close"}),
            SyncUse::other);
  EXPECT_EQ(semaphoreUse(Names{"sync.runtime_Semacquire", "gvisor.dev/sync.(*WG).Wait"}),
            SyncUse::other);
  EXPECT_EQ(semaphoreUse(Names{}), SyncUse::unknown);
}

}  // namespace
}  // namespace parked::golang
