#include <algorithm>
#include <gtest/gtest.h>

#include "golang/synthetic_runtime.h"

namespace parked::golang {
namespace {

using test::Era;
using test::SyntheticRuntime;

class ChannelWaitsTest : public testing::TestWithParam<Era> {
 protected:
  SyntheticRuntime runtime{GetParam()};

  /// Parks a goroutine in a select over `channels`: sends first, then receives. `array` is
  /// selectgo's array of cases (channel 0 is a nil case); every case that is not nil is queued.
  Index parkSelect(const std::vector<Addr>& array, std::size_t sends) {
    const Index stack =
        runtime.stack({{"runtime.gopark"}, {"runtime.selectgo"}, {"main.selector"}});
    const Index g = runtime.park("select", stack);
    const Addr cases = runtime.allocate(16 * array.size());
    const Addr order = runtime.allocate(4 * array.size());
    const Addr args = runtime.allocate(64);
    runtime.target.put(args, cases);
    runtime.target.put(args + 8, order);
    runtime.target.put(args + 24, std::uint64_t{sends});
    struct Queued {
      Addr channel;
      std::size_t index;
      Addr sudog;
    };
    std::vector<Queued> queued;
    for (std::size_t i = 0; i < array.size(); ++i) {
      const Addr element = runtime.allocate(8);
      runtime.target.put(cases + 16 * i, array[i]);
      runtime.target.put(cases + 16 * i + 8, element);
      if (array[i] == 0) continue;
      const Addr s = runtime.sudog(g, array[i], element);
      runtime.set(s, "runtime.sudog", "isSelect", 1);
      runtime.queue(array[i], i < sends ? "sendq" : "recvq", {s});
      queued.push_back({array[i], i, s});
    }
    std::ranges::stable_sort(queued, {}, &Queued::channel);  // lock order is not source order
    std::vector<Addr> sudogs;
    for (const Queued& each : queued) {
      runtime.target.put(order + 2 * (array.size() + sudogs.size()),
                         static_cast<std::uint16_t>(each.index));
      sudogs.push_back(each.sudog);
    }
    runtime.waitOn(g, sudogs);
    Frame frame, caller;
    frame.argp = args;
    caller.sp = order;
    caller.fp = order + 4 * array.size();
    runtime.code.frames[runtime.snapshot.goroutines[g].address] = {Frame{}, frame, caller};
    runtime.code.stackObjects[cases] = static_cast<std::uint32_t>(16 * array.size());
    return g;
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, ChannelWaitsTest, testing::Values(Era::go122, Era::go126));

TEST_P(ChannelWaitsTest, SenderAndReceiver) {
  const Addr a = runtime.channel(), b = runtime.channel(3, 0);
  const Index sender = runtime.parkOn(a, true), receiver = runtime.parkOn(b, false);
  runtime.resolve();
  const Wait& w = runtime.wait(sender);
  EXPECT_EQ(w.kind, ObjectKind::channel);
  EXPECT_EQ(w.op, WaitOp::send);
  EXPECT_TRUE(w.queued);
  EXPECT_FALSE(w.inSelect);
  EXPECT_EQ(w.address, a);
  EXPECT_EQ(runtime.note(w), "");
  EXPECT_EQ(runtime.wait(receiver).op, WaitOp::receive);
  ASSERT_EQ(runtime.snapshot.channels.size(), 2U);
  const Channel& channel = runtime.snapshot.channels[runtime.wait(receiver).object];
  EXPECT_EQ(channel.address, b);
  EXPECT_EQ(channel.capacity, 3U);
  EXPECT_EQ(channel.receivers, 1U);
  EXPECT_EQ(channel.senders, 0U);
  EXPECT_TRUE(channel.queuesRead);
  EXPECT_TRUE(runtime.snapshot.incomplete.empty());
}

TEST_P(ChannelWaitsTest, ManyOnOneChannelAreCountedInOneWalk) {
  // Quadratic work over 200,000 waiters would take minutes, as whoever runs this would see.
  constexpr std::size_t kMany = 200000;
  SyntheticRuntime big(GetParam(), std::size_t{1} << 28);
  const Addr c = big.channel();
  std::vector<Addr> sudogs;
  for (std::size_t i = 0; i < kMany; ++i) {
    const Index g = big.park("chan receive");
    sudogs.push_back(big.sudog(g, c));
    big.waitOn(g, {sudogs.back()});
  }
  big.queue(c, "recvq", sudogs);
  big.resolve();
  ASSERT_EQ(big.snapshot.channels.size(), 1U);
  EXPECT_EQ(big.snapshot.channels[0].receivers, kMany);
  for (const Wait& wait : big.snapshot.waits) ASSERT_TRUE(wait.queued);
}

TEST_P(ChannelWaitsTest, QueueThatBitesItsTailIsDamage) {
  const Addr c = runtime.channel();
  std::vector<Addr> sudogs;
  std::vector<Index> goroutines;
  for (int i = 0; i < 3; ++i) {
    goroutines.push_back(runtime.park("chan send"));
    sudogs.push_back(runtime.sudog(goroutines.back(), c));
    runtime.waitOn(goroutines.back(), {sudogs.back()});
  }
  runtime.queue(c, "sendq", sudogs);
  runtime.set(sudogs[2], "runtime.sudog", "next", sudogs[0]);
  runtime.set(c, "runtime.hchan", "sendq.last", 0x1234);
  runtime.resolve();
  EXPECT_FALSE(runtime.snapshot.channels[0].queuesRead);
  EXPECT_EQ(runtime.incomplete("channels"), "a channel's queue is damaged");
}

TEST_P(ChannelWaitsTest, CycleOfSudogsOfNobodyEnds) {
  const Addr c = runtime.channel();
  const Index g = runtime.parkOn(c, true);
  const Addr s1 = runtime.sudog(g, c), s2 = runtime.sudog(g, c);
  runtime.queue(c, "recvq", {s1, s2});
  runtime.set(s2, "runtime.sudog", "next", s1);
  runtime.set(c, "runtime.hchan", "recvq.last", 0x1234);
  runtime.resolve();
  EXPECT_FALSE(runtime.snapshot.channels[0].queuesRead);
  EXPECT_TRUE(runtime.wait(g).queued);  // its own queue is whole
}

TEST_P(ChannelWaitsTest, NotInTheQueueIsJustBeingWoken) {
  const Addr c = runtime.channel();
  const Index g = runtime.park("chan receive");
  runtime.waitOn(g, {runtime.sudog(g, c)});
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::channel);
  EXPECT_FALSE(runtime.wait(g).queued);
  EXPECT_EQ(runtime.wait(g).op, WaitOp::receive);
  EXPECT_EQ(runtime.note(runtime.wait(g)), "not in the channel's queue: just being woken");
}

TEST_P(ChannelWaitsTest, ClosedAndLockedChannelsAreTransient) {
  const Addr closed = runtime.channel(), locked = runtime.channel();
  const Index a = runtime.parkOn(closed, false), b = runtime.parkOn(locked, false);
  runtime.set(closed, "runtime.hchan", "closed", 1);
  runtime.set(locked, "runtime.hchan", "lock.key", 2);
  runtime.resolve();
  EXPECT_FALSE(runtime.wait(a).queued);
  EXPECT_EQ(runtime.note(runtime.wait(a)), "the channel was closed: just being woken");
  EXPECT_FALSE(runtime.wait(b).queued);
  EXPECT_EQ(runtime.note(runtime.wait(b)), "the channel was being changed");
}

TEST_P(ChannelWaitsTest, ReasonWithoutSudogIsUnknown) {
  const Index a = runtime.park("chan send"), b = runtime.park("select");
  runtime.resolve();
  for (const Index g : {a, b}) {
    EXPECT_EQ(runtime.wait(g).kind, ObjectKind::unknown);
    EXPECT_NE(runtime.note(runtime.wait(g)), "");
  }
}

TEST_P(ChannelWaitsTest, DamagedListOfSudogsIsOneUnknownWait) {
  const Addr a = runtime.channel(), b = runtime.channel();
  const Index g = runtime.park("select"), other = runtime.parkOn(b, true);
  const Addr s1 = runtime.sudog(g, a), s2 = runtime.sudog(g, b);
  runtime.waitOn(g, {s1, s2});
  runtime.set(s2, "runtime.sudog", "waitlink", s1);  // a cycle
  const Index stranger = runtime.park("chan send");
  runtime.waitOn(stranger, {runtime.sudog(g, a)});  // another goroutine's sudog
  const Index hole = runtime.park("chan send");
  runtime.snapshot.goroutines[hole].waitingSudog = 0x10;
  runtime.resolve();
  for (const Index bad : {g, stranger, hole}) {
    ASSERT_EQ(runtime.snapshot.goroutines[bad].waitCount, 1);
    EXPECT_EQ(runtime.wait(bad).kind, ObjectKind::unknown);
  }
  EXPECT_TRUE(runtime.wait(other).queued);
  ASSERT_EQ(runtime.snapshot.incomplete.entries().size(), 1U);
  EXPECT_EQ(runtime.snapshot.incomplete.entries()[0].count, 3U);
}

TEST_P(ChannelWaitsTest, UnreadableAndContradictoryChannelsAreUnknown) {
  const Index g = runtime.park("chan send");
  runtime.waitOn(g, {runtime.sudog(g, 0x7000)});
  const Addr c = runtime.channel(2, 7);  // more elements than fit
  const Index h = runtime.parkOn(c, true);
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::unknown);
  EXPECT_EQ(runtime.wait(g).address, 0x7000U);
  EXPECT_EQ(runtime.wait(h).kind, ObjectKind::unknown);
  EXPECT_TRUE(runtime.snapshot.channels.empty());
  EXPECT_NE(runtime.incomplete("channels"), "");
}

TEST_P(ChannelWaitsTest, SelectOfReceivesIsInSourceOrder) {
  // The compiler fills receives from the end: case 0 of the source is the last of the array.
  const Addr a = runtime.channel(), b = runtime.channel(), c = runtime.channel();
  const Index g = parkSelect({c, 0, b, a}, 0);
  runtime.resolve();
  ASSERT_EQ(runtime.snapshot.goroutines[g].waitCount, 3);
  EXPECT_EQ(runtime.wait(g, 0).address, a);
  EXPECT_EQ(runtime.wait(g, 0).caseIndex, 0);
  EXPECT_EQ(runtime.wait(g, 1).address, b);
  EXPECT_EQ(runtime.wait(g, 1).caseIndex, 1);
  EXPECT_EQ(runtime.wait(g, 2).address, c);
  EXPECT_EQ(runtime.wait(g, 2).caseIndex, 3);  // the nil case counts
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(runtime.wait(g, i).queued);
    EXPECT_TRUE(runtime.wait(g, i).inSelect);
    EXPECT_EQ(runtime.wait(g, i).op, WaitOp::receive);
  }
}

TEST_P(ChannelWaitsTest, SelectOfBothKindsHasNoKnownInterleaving) {
  const Addr a = runtime.channel(), b = runtime.channel(), c = runtime.channel();
  const Index g = parkSelect({a, c, b}, 1);
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g, 0).address, a);
  EXPECT_EQ(runtime.wait(g, 0).op, WaitOp::send);
  EXPECT_EQ(runtime.wait(g, 1).address, b);
  EXPECT_EQ(runtime.wait(g, 1).op, WaitOp::receive);
  EXPECT_EQ(runtime.wait(g, 2).address, c);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(runtime.wait(g, i).caseIndex, -1);
}

TEST_P(ChannelWaitsTest, SelectOnTheSameChannelTwice) {
  const Addr a = runtime.channel();
  const Index g = parkSelect({a, 0}, 1);
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).op, WaitOp::send);
  EXPECT_EQ(runtime.wait(g).address, a);
}

TEST_P(ChannelWaitsTest, SelectWhoseListIsCutShortIsDoubtful) {
  const Addr a = runtime.channel(), b = runtime.channel(), c = runtime.channel();
  const Index g = parkSelect({c, 0, b, a}, 0);
  const Addr first = runtime.snapshot.goroutines[g].waitingSudog;
  runtime.set(first, "runtime.sudog", "waitlink", 0);
  runtime.resolve();
  ASSERT_EQ(runtime.snapshot.goroutines[g].waitCount, 1);
  EXPECT_FALSE(runtime.wait(g).queued);
  EXPECT_EQ(runtime.note(runtime.wait(g)),
            "its list of channels is not that of its select's cases");
}

// Since 1.23 the arrays of two selects may share their place; the compiler tells the longer one.
TEST_P(ChannelWaitsTest, SelectInThePlaceOfALongerOneIsNotDoubtful) {
  const Addr a = runtime.channel(), b = runtime.channel(), stale = runtime.channel();
  const Index g = parkSelect({a, b}, 0);
  Frame& frame = runtime.code.frames[runtime.snapshot.goroutines[g].address][1];
  Frame& caller = runtime.code.frames[runtime.snapshot.goroutines[g].address][2];
  Addr order = 0;
  ASSERT_TRUE(runtime.target.memory().read(frame.argp + 8, order));
  const Addr cases = runtime.allocate(48);
  runtime.target.put(frame.argp, cases);
  runtime.target.put(cases, a);
  runtime.target.put(cases + 16, b);
  runtime.target.put(cases + 32, stale);
  runtime.code.stackObjects[cases] = 48;
  caller.fp = order + 12;
  runtime.resolve();
  ASSERT_EQ(runtime.snapshot.goroutines[g].waitCount, 2);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(runtime.wait(g, i).queued);
}

TEST_P(ChannelWaitsTest, WhoIsServedIsJustBeingWoken) {
  const Index g = runtime.parkOn(runtime.channel(), false);
  runtime.snapshot.goroutines[g].param = runtime.snapshot.goroutines[g].waitingSudog;
  runtime.resolve();
  EXPECT_FALSE(runtime.wait(g).queued);
  EXPECT_EQ(runtime.note(runtime.wait(g)), "somebody has just served it");
}

TEST_P(ChannelWaitsTest, SenderAmongTheReceiversIsDamage) {
  const Addr c = runtime.channel();
  const Index g = runtime.park("chan send");
  const Addr s = runtime.sudog(g, c);
  runtime.waitOn(g, {s});
  runtime.queue(c, "recvq", {s});
  runtime.resolve();
  EXPECT_FALSE(runtime.wait(g).queued);
  EXPECT_EQ(runtime.wait(g).op, WaitOp::send);
  EXPECT_EQ(runtime.note(runtime.wait(g)), "the channel's queue is damaged");
}

TEST_P(ChannelWaitsTest, SelectThatIsWonIsNotQueued) {
  const Addr a = runtime.channel(), b = runtime.channel();
  const Index g = parkSelect({a, b}, 2);
  runtime.snapshot.goroutines[g].selectDone = true;
  runtime.resolve();
  EXPECT_FALSE(runtime.wait(g, 0).queued);
  EXPECT_EQ(runtime.note(runtime.wait(g, 0)), "another case of the select was already chosen");
}

TEST_P(ChannelWaitsTest, SelectOfNilChannelsOnly) {
  const Index g = parkSelect({0, 0, 0}, 1);
  runtime.resolve();
  ASSERT_EQ(runtime.snapshot.goroutines[g].waitCount, 1);
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::nilSelect);
}

TEST_P(ChannelWaitsTest, SelectWithoutSudogButWithLiveCasesIsUnknown) {
  const Index g = parkSelect({runtime.channel(), 0}, 1);
  runtime.snapshot.goroutines[g].waitingSudog = 0;
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::unknown);
}

TEST_P(ChannelWaitsTest, FramesThatContradictTheSudogsGiveNoCaseIndex) {
  const Addr a = runtime.channel(), b = runtime.channel();
  const Index g = parkSelect({a, b}, 0);
  Frame& frame = runtime.code.frames[runtime.snapshot.goroutines[g].address][1];
  Addr cases = 0;
  ASSERT_TRUE(runtime.target.memory().read(frame.argp, cases));
  runtime.target.put(cases + 8, std::uint64_t{0xdead});  // another element than the sudog's
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g, 0).caseIndex, -1);
  EXPECT_TRUE(runtime.wait(g, 0).queued);
}

TEST_P(ChannelWaitsTest, NilChannelsAndEmptySelect) {
  const Index send = runtime.park("chan send (nil chan)",
                                  runtime.stack({{"runtime.gopark"}, {"runtime.chansend"}}));
  const Index receive = runtime.park("chan receive (nil chan)",
                                     runtime.stack({{"runtime.gopark"}, {"runtime.chanrecv"}}));
  const Index none =
      runtime.park("select (no cases)", runtime.stack({{"runtime.gopark"}, {"runtime.block"}}));
  const Index borrowed =
      runtime.park("chan send (nil chan)", runtime.stack({{"runtime.gopark"}, {"gvisor.park"}}));
  const Index hidden = runtime.park("chan send (nil chan)");  // its stack is not readable
  runtime.resolve();
  EXPECT_EQ(runtime.wait(send).kind, ObjectKind::nilChannel);
  EXPECT_EQ(runtime.wait(send).op, WaitOp::send);
  EXPECT_EQ(runtime.wait(receive).kind, ObjectKind::nilChannel);
  EXPECT_EQ(runtime.wait(receive).op, WaitOp::receive);
  EXPECT_EQ(runtime.wait(none).kind, ObjectKind::noCases);
  EXPECT_EQ(runtime.wait(borrowed).kind, ObjectKind::unknown);
  EXPECT_EQ(runtime.wait(hidden).kind, ObjectKind::unknown);
}

TEST_P(ChannelWaitsTest, LeakedStatusIsReadLikeWaiting) {
  const Index g = runtime.parkOn(runtime.channel(), true);
  runtime.snapshot.goroutines[g].status = Status::leaked;
  runtime.resolve();
  EXPECT_EQ(runtime.wait(g).kind, ObjectKind::channel);
}

TEST_P(ChannelWaitsTest, ChannelsAreInOrderOfAddress) {
  std::vector<Addr> channels;
  for (int i = 0; i < 5; ++i) channels.push_back(runtime.channel());
  for (int i = 4; i >= 0; --i) runtime.parkOn(channels[static_cast<std::size_t>(i)], true);
  runtime.resolve();
  ASSERT_EQ(runtime.snapshot.channels.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(runtime.snapshot.channels[i].address, channels[i]);
}

}  // namespace
}  // namespace parked::golang
