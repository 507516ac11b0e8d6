#include "golang/timers.h"

#include <gtest/gtest.h>

#include "golang/netpoll.h"
#include "golang/synthetic_runtime.h"
#include "golang/timer_heaps.h"

namespace parked::golang {
namespace {

using test::Era;
using test::SyntheticRuntime;

class TimersTest : public testing::TestWithParam<Era> {
 protected:
  static constexpr Addr kSendTime = 0x401000, kGoFunc = 0x402000, kReady = 0x403000,
                        kDeadline = 0x404000, kScavenge = 0x405000, kContext = 0x406000,
                        kUser = 0x407000;
  SyntheticRuntime runtime{GetParam()};
  Addr p = 0;

  void SetUp() override {
    runtime.code.function(kSendTime, "time.sendTime");
    runtime.code.function(kGoFunc, "time.goFunc");
    runtime.code.function(kReady, "runtime.goroutineReady");
    runtime.code.function(kDeadline, "runtime.netpollReadDeadline");
    runtime.code.function(kScavenge, "runtime.(*scavengerState).init.func1");
    runtime.code.function(kContext, "context.WithDeadlineCause.func2");
    runtime.code.function(kUser, "main.main.func1");
    p = runtime.make("runtime.p");
    const Addr array = runtime.allocate(16), allp = runtime.allocate(24);
    runtime.target.put(array + 8, p);  // allp[0] is nil: the list has just grown
    runtime.target.put(allp, array);
    runtime.target.put(allp + 8, std::uint64_t{2});
    runtime.access.variables["runtime.allp"] = allp;
  }
  bool modern() const { return GetParam() == Era::go126; }
  Addr funcval(Addr code) {
    const Addr value = runtime.allocate(16);
    runtime.target.put(value, code);
    return value;
  }
  Addr timer(Addr function, std::uint64_t when, std::uint64_t period, Addr argument) {
    const Addr t = runtime.make("runtime.timer");
    runtime.set(t, "runtime.timer", "when", when);
    runtime.set(t, "runtime.timer", "period", period);
    runtime.set(t, "runtime.timer", "f", funcval(function));
    runtime.target.put(t + runtime.offset("runtime.timer", "arg") + 8, argument);
    if (modern()) {
      runtime.set(t, "runtime.timer", "state", 1);
      runtime.set(t, "runtime.timer", "ts", p + runtime.offset("runtime.p", "timers"));
    } else {
      runtime.set(t, "runtime.timer", "status", 1);
      runtime.set(t, "runtime.timer", "pp", p);
    }
    return t;
  }
  void heap(const std::vector<Addr>& timers) {
    const std::size_t size = modern() ? 16 : 8;
    const Addr array = runtime.allocate(size * timers.size() + 8);
    for (std::size_t i = 0; i < timers.size(); ++i) {
      runtime.target.put(array + size * i, timers[i]);
      if (modern()) runtime.target.put(array + size * i + 8, std::int64_t{1});  // stale
    }
    const Addr slice = p + runtime.offset("runtime.p", modern() ? "timers.heap" : "timers");
    runtime.target.put(slice, array);
    runtime.target.put(slice + 8, std::uint64_t{timers.size()});
  }
  void hold(bool held) {
    runtime.set(p, "runtime.p", modern() ? "timers.mu.key" : "timersLock.key", held ? 1 : 0);
  }
  const std::vector<Timer>& read() {
    readTimers(runtime.snapshot, runtime.access);
    return runtime.snapshot.timers;
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, TimersTest, testing::Values(Era::go122, Era::go126));

TEST_P(TimersTest, KindsByTheNameOfTheCallback) {
  const Addr user = funcval(kUser), context = funcval(kContext);
  heap({timer(kSendTime, 10, 0, 0xc1), timer(kSendTime, 11, 5, 0xc2), timer(kGoFunc, 12, 0, user),
        timer(kGoFunc, 13, 0, context), timer(kReady, 14, 0, 0xd1), timer(kDeadline, 15, 0, 0xe1),
        timer(kScavenge, 16, 0, 0), timer(0x409000, 17, 0, 0)});
  const auto& timers = read();
  ASSERT_EQ(timers.size(), 8U);
  EXPECT_EQ(timers[0].kind, TimerKind::timer);
  EXPECT_EQ(timers[0].channel, 0xc1U);
  EXPECT_EQ(timers[0].p, 1);
  EXPECT_EQ(timers[0].when, 10);
  EXPECT_EQ(timers[1].kind, TimerKind::ticker);
  EXPECT_EQ(timers[1].period, 5);
  EXPECT_EQ(timers[2].kind, TimerKind::afterFunc);
  EXPECT_EQ(timers[2].callback, kUser);
  EXPECT_EQ(timers[2].closure, user);
  EXPECT_EQ(timers[2].function, kGoFunc);
  EXPECT_EQ(timers[3].kind, TimerKind::contextDeadline);
  EXPECT_EQ(timers[4].kind, TimerKind::sleep);
  EXPECT_EQ(timers[4].argument, 0xd1U);
  EXPECT_EQ(timers[5].kind, TimerKind::netDeadline);
  EXPECT_EQ(timers[6].kind, TimerKind::runtimeInternal);
  EXPECT_EQ(timers[7].kind, TimerKind::unknown);
  EXPECT_TRUE(runtime.snapshot.incomplete.empty());
}

TEST_P(TimersTest, StoppedAndModified) {
  const Addr stopped = timer(kSendTime, modern() ? 0 : 99, 0, 0xc1);
  const Addr modified = timer(kSendTime, 20, 0, 0xc2);
  if (modern()) {
    runtime.set(stopped, "runtime.timer", "state", 1 | 2 | 4);
    runtime.set(modified, "runtime.timer", "state", 1 | 2);
  } else {
    runtime.set(stopped, "runtime.timer", "status", 3);
    runtime.set(modified, "runtime.timer", "status", 8);
    runtime.set(modified, "runtime.timer", "nextwhen", 2000);
  }
  heap({stopped, modified});
  const auto& timers = read();
  ASSERT_EQ(timers.size(), 2U);
  EXPECT_TRUE(timers[0].stopped);
  EXPECT_FALSE(timers[1].stopped);
  EXPECT_EQ(timers[1].when, modern() ? 20 : 2000);
}

TEST_P(TimersTest, EntriesThatDoNotPointBackAreDamage) {
  const Addr stray = timer(kSendTime, 5, 0, 0xc1);
  if (modern()) {
    runtime.set(stray, "runtime.timer", "ts", 0x1234);
  } else {
    runtime.set(stray, "runtime.timer", "pp", 0x1234);
  }
  heap({stray, 0, 0x77, timer(kSendTime, 6, 0, 0xc2)});
  EXPECT_EQ(read().size(), 1U);
  ASSERT_EQ(runtime.snapshot.incomplete.entries().size(), 1U);
  EXPECT_EQ(runtime.snapshot.incomplete.entries()[0].count, 3U);
  EXPECT_EQ(runtime.snapshot.lostRoot, "timers: an entry of a timer heap is damaged");
}

TEST_P(TimersTest, ATimerThatStandsTwiceStandsForOneThatIsLost) {
  const Addr once = timer(kSendTime, 6, 0, 0xc2), twice = timer(kSendTime, 5, 0, 0xc1);
  heap({once, twice});
  EXPECT_EQ(read().size(), 2U);
  EXPECT_EQ(runtime.snapshot.lostRoot, "");
  runtime.snapshot.timers.clear();
  heap({once, twice, twice});
  EXPECT_EQ(read().size(), 2U);
  EXPECT_EQ(runtime.incomplete("timers"), "an entry of a timer heap is damaged");
  EXPECT_NE(runtime.snapshot.lostRoot, "");
}

// A period before a ticker is due it fired, or was made.
TEST_P(TimersTest, TickersKnowOfATimeThatHasPassed) {
  const auto lowerBound = [&](Addr ticker) {
    runtime.snapshot.clock = {};
    runtime.snapshot.clock.started = 1000;
    heap({ticker});
    read();
    return runtime.snapshot.clock.lowerBound;
  };
  const Addr ticker = timer(kSendTime, 5000, 300, 0xc2);
  EXPECT_EQ(lowerBound(ticker), 4700);
  EXPECT_EQ(lowerBound(timer(kSendTime, 5000, 0, 0xc1)), 0) << "no ticker";
  EXPECT_EQ(lowerBound(timer(kSendTime, 5000, 4500, 0xc1)), 0) << "before the program began";
  if (!modern()) {  // its period is set, and the time not yet
    runtime.set(ticker, "runtime.timer", "status", 6);
    EXPECT_EQ(lowerBound(ticker), 0);
  }
}

// What each step of inserting and deleting leaves while the heap's lock is held: no damage.
TEST_P(TimersTest, AHeapThatIsJustChangedIsNotDamaged) {
  const auto make = [&](std::uint64_t when) { return timer(kSendTime, when, 0, 0xc0 + when); };
  const auto without = [&] {
    const Addr leaving = make(1);
    runtime.set(leaving, "runtime.timer", modern() ? "ts" : "pp", 0);
    return leaving;
  };
  const Addr a = make(2), b = make(3), c = make(4);
  const struct {
    std::vector<Addr> entries;
    std::size_t read;
  } steps[] = {
      {{a, b, a}, 2},          // sifted up: c was lifted out
      {{a, b, b, c}, 3},       // the last takes the place of one that was deleted
      {{a, b, c, 0}, 3},       // not yet written, or not yet cut off
      {{without(), b, c}, 2},  // about to be taken out
  };
  for (const auto& step : steps) {
    for (const bool held : {true, false}) {
      runtime.snapshot.timers.clear();
      runtime.snapshot.incomplete = {};
      runtime.snapshot.momentary = {};
      runtime.snapshot.lostRoot.clear();
      runtime.snapshot.passing = false;
      heap(step.entries);
      hold(held);
      EXPECT_EQ(read().size(), step.read);
      EXPECT_EQ(runtime.snapshot.incomplete.empty(), held);
      EXPECT_EQ(runtime.snapshot.lostRoot.empty(), held);
      EXPECT_EQ(runtime.snapshot.momentary.empty(), !held);
      EXPECT_FALSE(runtime.snapshot.passing) << "nothing is missing, or it is damage";
    }
  }
}

// More than one step explains withholds the proof, lock or no lock; but a held one may be let go.
TEST_P(TimersTest, WhatNoStepExplainsIsDamageUnderTheLock) {
  const auto make = [&](std::uint64_t when) { return timer(kSendTime, when, 0, 0xc0 + when); };
  const Addr a = make(2), b = make(3);
  const std::vector<Addr> damaged[] = {{a, b, a, b}, {a, a, a}, {0, a, b}, {a, 0x77}, {a, b, 0, 0}};
  for (const auto& entries : damaged) {
    runtime.snapshot.lostRoot.clear();
    runtime.snapshot.passing = false;
    heap(entries);
    hold(true);
    read();
    EXPECT_EQ(runtime.snapshot.lostRoot, "timers: an entry of a timer heap is damaged");
    EXPECT_TRUE(runtime.snapshot.passing);
  }
}

TEST_P(TimersTest, HeapOfAbsurdLength) {
  heap({timer(kSendTime, 6, 0, 0xc2)});
  const Addr slice = p + runtime.offset("runtime.p", modern() ? "timers.heap" : "timers");
  for (const std::uint64_t length : {~0ULL, 1ULL << 60, 1ULL << 27}) {
    runtime.target.put(slice + 8, length);
    EXPECT_TRUE(read().empty());
  }
  EXPECT_EQ(runtime.incomplete("timers"), "a P's timer heap is not readable");
  EXPECT_NE(runtime.snapshot.lostRoot, "");
}

TEST_P(TimersTest, SleeperAndItsTimerKnowEachOther) {
  const Index g = runtime.park("sleep");
  const Addr address = runtime.snapshot.goroutines[g].address;
  const Addr t = timer(kReady, 123, 0, address);
  runtime.set(address, "runtime.g", "timer", t);
  heap({t});
  read();
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::timer);
  EXPECT_EQ(runtime.wait(g).op, WaitOp::sleep);
  ASSERT_EQ(runtime.wait(g).object, 0U);
  EXPECT_TRUE(runtime.wait(g).queued);
  EXPECT_EQ(runtime.snapshot.timers[0].goroutine, g);
}

TEST_P(TimersTest, IdleTimerOfAChannelIsFoundThroughIt) {
  const Addr c = runtime.channel(1);
  if (!modern()) {
    // Before 1.23 it is a channel like any other; only a P's heap knows its timer.
    runtime.parkOn(c, false);
    runtime.resolve();
    EXPECT_EQ(runtime.snapshot.channels.at(0).capacity, 1U);
    EXPECT_EQ(runtime.snapshot.channels.at(0).timer, 0U);
    return;
  }
  const Addr t = timer(kSendTime, 0, 50, c);
  runtime.set(t, "runtime.timer", "state", 0);
  runtime.set(c, "runtime.hchan", "timer", t);
  runtime.parkOn(c, false);
  runtime.resolve();
  ASSERT_EQ(runtime.snapshot.channels.size(), 1U);
  EXPECT_EQ(runtime.snapshot.channels[0].capacity, 0U);
  EXPECT_EQ(runtime.snapshot.channels[0].timer, t);
  ASSERT_EQ(runtime.snapshot.timers.size(), 1U);
  EXPECT_EQ(runtime.snapshot.timers[0].p, -1);
  EXPECT_TRUE(runtime.snapshot.timers[0].stopped);
  EXPECT_EQ(runtime.snapshot.timers[0].kind, TimerKind::ticker);
}

TEST_P(TimersTest, DescriptorsInTheRuntimesChunks) {
  const Addr chunk = runtime.allocate(256 << 10), second = runtime.allocate(256 << 10);
  const Addr first = runtime.allocate(8), cache = runtime.make("runtime.pollCache");
  runtime.target.put(first, chunk);
  runtime.target.put(chunk, second);
  runtime.target.put(second, chunk);  // a cycle of chunks
  runtime.access.variables["runtime.persistentChunks"] = first;
  runtime.access.variables["runtime.pollcache"] = cache;
  const Index reader = runtime.park("IO wait"), writer = runtime.park("IO wait"),
              lost = runtime.park("IO wait");
  const auto descriptor = [&](Addr at, std::uint64_t fd) {
    runtime.set(at, "runtime.pollDesc", "self", at);
    runtime.set(at, "runtime.pollDesc", "fd", fd);
    return at;
  };
  const Addr a = descriptor(chunk + 64, 7), b = descriptor(second + 640, 9),
             closed = descriptor(chunk + 1024, 3);
  runtime.set(a, "runtime.pollDesc", "rg", runtime.snapshot.goroutines[reader].address);
  runtime.set(a, "runtime.pollDesc", "wg", 2);
  runtime.set(a, "runtime.pollDesc", "rd", 5000);
  runtime.set(b, "runtime.pollDesc", "wg", runtime.snapshot.goroutines[writer].address);
  // A list of finalizers that points back: where a descriptor has waiters it has types.
  const Addr finalizers = descriptor(chunk + 2048, 0x10100);
  runtime.set(finalizers, "runtime.pollDesc", "rg", 0x4f5b20);
  const Addr deadline = descriptor(chunk + 4096, 0x10180);
  runtime.set(deadline, "runtime.pollDesc", "wd", 0xffffffff00000000);
  runtime.set(cache, "runtime.pollCache", "first", closed);
  runtime.set(closed, "runtime.pollDesc", "link", closed);
  readPollFds(runtime.snapshot, runtime.access);
  ASSERT_EQ(runtime.snapshot.fds.size(), 2U);
  EXPECT_EQ(runtime.snapshot.fds[0].fd, 7);
  EXPECT_EQ(runtime.snapshot.fds[0].writer, 0U);
  EXPECT_EQ(runtime.snapshot.fds[0].readDeadline, 5000);
  runtime.resolve();
  EXPECT_EQ(runtime.wait(reader).kind, ObjectKind::fd);
  EXPECT_EQ(runtime.wait(reader).op, WaitOp::read);
  EXPECT_EQ(runtime.wait(reader).object, 0U);
  EXPECT_EQ(runtime.wait(writer).op, WaitOp::write);
  EXPECT_EQ(runtime.wait(writer).address, b);
  EXPECT_EQ(runtime.wait(lost).kind, ObjectKind::unknown);
}

TEST_P(TimersTest, WhatIsMissingOfDescriptorsIsSaid) {
  const Addr first = runtime.allocate(8), chunk = runtime.allocate(256 << 10);
  const auto damage = [&] {
    runtime.snapshot.incomplete = {};
    runtime.snapshot.fds.clear();
    readPollFds(runtime.snapshot, runtime.access);
    return runtime.incomplete("poll descriptors");
  };
  EXPECT_EQ(damage(), "") << "nobody waits for one";
  runtime.park("IO wait");
  EXPECT_EQ(damage(), "the runtime's memory for them was not found");
  runtime.access.variables["runtime.persistentChunks"] = 0xdead0000;
  EXPECT_EQ(damage(), "the runtime's memory for them was not found");
  runtime.access.variables["runtime.persistentChunks"] = first;
  runtime.target.put(first, chunk);
  EXPECT_EQ(damage(), "the runtime's memory for them was not found") << "there must be some";
  runtime.set(chunk + 64, "runtime.pollDesc", "self", chunk + 64);
  EXPECT_EQ(damage(), "");
  runtime.target.put(first, Addr{0xdead0000});
  EXPECT_EQ(damage(), "the runtime's memory for them is not readable");
  runtime.target.put(first, chunk);
  const Addr cache = runtime.make("runtime.pollCache");
  runtime.access.variables["runtime.pollcache"] = cache;
  EXPECT_EQ(damage(), "");
  for (const Addr closed : {chunk + 1024, Addr{0xdead0000}}) {
    runtime.set(cache, "runtime.pollCache", "first", closed);
    runtime.set(chunk + 1024, "runtime.pollDesc", "link", chunk + 1024);
    EXPECT_EQ(damage(), "the list of those that were closed is damaged");
  }
}

TEST_P(TimersTest, OtherWaits) {
  const Index gc = runtime.park("finalizer wait"), strange = runtime.park("somebody's own"),
              syscall = runtime.park(""), running = runtime.park("");
  runtime.snapshot.goroutines[syscall].status = Status::syscall;
  runtime.snapshot.goroutines[running].status = Status::running;
  runtime.resolve();
  EXPECT_EQ(runtime.wait(gc).kind, ObjectKind::runtime);
  EXPECT_EQ(runtime.wait(strange).kind, ObjectKind::unknown);
  EXPECT_EQ(runtime.wait(syscall).kind, ObjectKind::syscall);
  EXPECT_EQ(runtime.snapshot.goroutines[running].waitCount, 0);
}

TEST_P(TimersTest, SleepWithoutATimerIsTheRuntimesOwnOrNobodys) {
  const Index scavenger = runtime.park("sleep"), borrowed = runtime.park("sleep"),
              woken = runtime.park("sleep");
  runtime.snapshot.goroutines[scavenger].system = true;
  runtime.set(runtime.snapshot.goroutines[woken].address, "runtime.g", "timer",
              timer(kReady, 9, 0, runtime.snapshot.goroutines[woken].address));
  runtime.resolve();
  EXPECT_EQ(runtime.wait(scavenger).kind, ObjectKind::runtime);
  EXPECT_EQ(runtime.wait(borrowed).kind, ObjectKind::unknown);
  EXPECT_EQ(runtime.wait(woken).kind, ObjectKind::timer);
  EXPECT_EQ(runtime.wait(woken).object, kNone);
  EXPECT_FALSE(runtime.wait(woken).queued);
  EXPECT_EQ(runtime.note(runtime.wait(woken)), "its timer is in no heap: just being woken");
}

TEST_P(TimersTest, CoroutineByTheWordOfItsStackThatNamesIt) {
  const Index stack = runtime.stack({{"runtime.coroswitch"}, {"iter.Pull.func1"}});
  const Index g = runtime.park("coroutine", stack);
  const Index borrowed = runtime.park("coroutine", runtime.stack({{"runtime.gopark"}, {"main.f"}}));
  Goroutine& goroutine = runtime.snapshot.goroutines[g];
  goroutine.sp = runtime.allocate(128);
  const Addr coro = runtime.make("runtime.coro"), closure = runtime.allocate(16);
  constexpr Addr kCode = 0x430000;
  runtime.code.function(kCode, "iter.Pull.func1");
  runtime.target.put(closure, kCode);
  runtime.set(coro, "runtime.coro", "gp", goroutine.address);
  runtime.set(coro, "runtime.coro", "f", closure);
  runtime.target.put(goroutine.sp + 24, coro);
  // Its place in a queue names it as well, and leads to another.
  const Addr place = runtime.sudog(g, runtime.channel());
  runtime.set(place, "runtime.sudog", "next", runtime.sudog(g, runtime.channel()));
  runtime.target.put(goroutine.sp + 16, place);
  runtime.target.put(goroutine.sp + 8, coro + 4);  // not aligned: no coro
  Frame frame;
  frame.fp = goroutine.sp + 64;
  runtime.code.frames[goroutine.address] = {Frame{}, frame};
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::coroutine);
  EXPECT_EQ(runtime.wait(g).address, coro);
  EXPECT_EQ(runtime.wait(borrowed).kind, ObjectKind::unknown);
}

}  // namespace
}  // namespace parked::golang
