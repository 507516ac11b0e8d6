// The rules: which goroutine gets which verdict, and with which words.

#include "leak/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_program.h"
#include "leak/analysis.h"

namespace parked {
namespace {

using fake::Builder;
using fake::Index;
using fake::kMinute;
using fake::ObjectKind;
using fake::ReasonClass;
using fake::Status;
using fake::WaitOp;
using leak::Verdict;
using leak::Why;
using testing::HasSubstr;

constexpr std::int64_t kHour = 60 * kMinute;

leak::Judgement only(const Builder& program, bool proofs = true) {
  return leak::judge(program.snapshot, program.snapshot.goroutines.back(), proofs);
}

// Goroutine 1 is main; most rules are about others.
Builder withMain() {
  Builder program;
  program.goroutine(Status::running, program.stack({fake::kMainMain, fake::kRuntimeMain}));
  return program;
}

/// Lets the work go on until it has been asked so many times.
class Patient : public Observer {
 public:
  explicit Patient(int times) : times_(times) {}
  bool cancelled() override { return times_-- <= 0; }

 private:
  int times_;
};

TEST(Analysis, InterruptedTheRestIsUnknownAndInAGroup) {
  constexpr Index kMany = 5000;
  Builder program;
  const Index channel = program.channel(0xc000);
  for (Index i = 0; i < kMany; ++i) program.sender(channel);
  Patient observer(1);
  const leak::Analysis analysis(program.snapshot, program.code, {}, nullptr, &observer);
  EXPECT_EQ(analysis.interrupted(), "not all goroutines were judged");
  EXPECT_EQ(analysis.info(0).verdict, Verdict::suspect);
  EXPECT_EQ(analysis.info(kMany - 1).verdict, Verdict::unknown);
  EXPECT_THAT(analysis.sentence(kMany - 1), HasSubstr("interrupted"));
  EXPECT_EQ(analysis.grouping().members.size(), kMany);
  EXPECT_TRUE(analysis.lockHolders().cycles.empty());
  EXPECT_EQ(program.analyse().interrupted(), "");
}

TEST(Judge, NilChannelIsProved) {
  Builder program = withMain();
  program.blocked("chan receive (nil chan)", ReasonClass::chanReceiveNil, 0);
  program.wait(ObjectKind::nilChannel, WaitOp::receive);
  EXPECT_EQ(only(program).verdict, Verdict::proved);
  EXPECT_THAT(program.analyse().sentence(1), HasSubstr("nil channel: nobody can ever wake it"));
}

// The runtime counts every goroutine but its own; nobody is left who could wake one.
TEST(Judge, AllAsleepIsTheRuntimesOwnVerdict) {
  Builder program;
  program.receiver(program.channel(0xc000));
  program.blocked("select (no cases)", ReasonClass::selectNoCases, 0);
  program.wait(ObjectKind::noCases, WaitOp::none);
  program.blocked("GC sweep wait", ReasonClass::runtimeInternal, 0).system = true;
  program.snapshot.crash = golang::Crash{.kind = golang::Death::fatalError, .allAsleep = true};
  const leak::Analysis analysis = program.analyse();
  for (const Index i : {0U, 1U}) {
    EXPECT_EQ(analysis.info(i).verdict, Verdict::proved);
    EXPECT_THAT(analysis.sentence(i), HasSubstr("all were asleep"));
  }
  EXPECT_EQ(analysis.info(2).verdict, Verdict::waiting);
  program.snapshot.crash->allAsleep = false;
  EXPECT_EQ(program.analyse().info(0).verdict, Verdict::waiting);
}

TEST(Judge, TheReasonAloneProvesNothing) {
  Builder program = withMain();
  program.blocked("chan send (nil chan)", ReasonClass::chanSendNil, 0);
  EXPECT_EQ(only(program).verdict, Verdict::unknown);
}

TEST(Judge, SelectWithoutCasesIsProvedButNotInMain) {
  Builder program;
  program.blocked("select (no cases)", ReasonClass::selectNoCases, 0);
  program.wait(ObjectKind::noCases, WaitOp::none);
  EXPECT_EQ(only(program).verdict, Verdict::waiting);
  EXPECT_EQ(only(program).why, Why::mainForever);
  program.blocked("select (no cases)", ReasonClass::selectNoCases, 0);
  program.wait(ObjectKind::noCases, WaitOp::none);
  EXPECT_EQ(only(program).verdict, Verdict::proved);
}

TEST(Judge, MainOnANilChannelIsProved) {
  Builder program;
  program.blocked("chan receive (nil chan)", ReasonClass::chanReceiveNil, 0);
  program.wait(ObjectKind::nilChannel, WaitOp::receive);
  EXPECT_EQ(only(program).verdict, Verdict::proved);
}

TEST(Judge, NothingIsProvedOfAProcessThatRan) {
  Builder program = withMain();
  program.blocked("select (no cases)", ReasonClass::selectNoCases, 0);
  program.wait(ObjectKind::noCases, WaitOp::none);
  EXPECT_EQ(only(program, false).verdict, Verdict::suspect);
  EXPECT_EQ(only(program, false).why, Why::unstopped);
}

TEST(Judge, ChannelReasonWithoutSudogIsUnknown) {
  for (const ReasonClass kind :
       {ReasonClass::chanSend, ReasonClass::chanReceive, ReasonClass::select,
        ReasonClass::semacquire, ReasonClass::condWait, ReasonClass::other}) {
    Builder program = withMain();
    program.blocked("some reason", kind, 0);
    EXPECT_EQ(only(program).verdict, Verdict::unknown);
    EXPECT_EQ(only(program).why, Why::noSudog);
  }
}

TEST(Judge, UnknownObjectCarriesItsNote) {
  Builder program = withMain();
  program.blocked("semacquire", ReasonClass::semacquire, 0);
  program.wait(ObjectKind::unknown, WaitOp::none).note =
      program.snapshot.strings.intern("its stack is not in the core");
  EXPECT_THAT(program.analyse().sentence(1), HasSubstr("its stack is not in the core"));
}

TEST(Judge, AWakerInFlightIsUnknown) {
  Builder program = withMain();
  program.sender(program.channel(0xc000));
  EXPECT_EQ(only(program).verdict, Verdict::waiting);
  program.snapshot.waits.back().queued = false;
  EXPECT_EQ(only(program).why, Why::notQueued);
  program.snapshot.waits.back().queued = true;
  program.snapshot.waits.back().inSelect = true;
  program.snapshot.goroutines.back().selectDone = true;
  EXPECT_EQ(only(program).why, Why::wakerClaimed);
  EXPECT_THAT(program.analyse().sentence(1), HasSubstr("a waker is in flight"));
}

TEST(Judge, OneUnqueuedCaseOfASelectIsEnoughForUnknown) {
  Builder program = withMain();
  const auto a = program.channel(0xc000), b = program.channel(0xc100);
  program.blocked("select", ReasonClass::select, 0);
  program.wait(ObjectKind::channel, WaitOp::receive, a).inSelect = true;
  program.wait(ObjectKind::channel, WaitOp::receive, b).inSelect = true;
  EXPECT_EQ(only(program).verdict, Verdict::waiting);
  program.snapshot.waits.back().queued = false;
  EXPECT_EQ(only(program).verdict, Verdict::unknown);
}

TEST(Judge, WaitersOfAClosedChannelAreBeingWoken) {
  Builder program = withMain();
  const auto channel = program.channel(0xc000);
  program.snapshot.channels[channel].closed = true;
  program.sender(channel);
  EXPECT_EQ(only(program).why, Why::closing);
}

TEST(Judge, StatusesThatAreNotBlocked) {
  for (const Status status : {Status::running, Status::runnable, Status::syscall, Status::preempted,
                              Status::copystack, Status::idle}) {
    Builder program = withMain();
    program.goroutine(status, 0);
    EXPECT_EQ(only(program).verdict, Verdict::running);
  }
  Builder program = withMain();
  program.goroutine(Status::unknown, 0);
  EXPECT_EQ(only(program).verdict, Verdict::unknown);
}

TEST(Judge, FluxBeatsEverything) {
  Builder program = withMain();
  program.blocked("select (no cases)", ReasonClass::selectNoCases, 0).inFlux = true;
  EXPECT_EQ(only(program).why, Why::inFlux);
}

TEST(Judge, TheRuntimesOwnDetectorIsBelieved) {
  Builder program = withMain();
  program.sender(program.channel(0xc000)).status = Status::leaked;
  EXPECT_EQ(only(program).why, Why::runtimeProved);
  program.snapshot.waits.back().queued = false;  // but not against what is seen
  EXPECT_EQ(only(program).verdict, Verdict::unknown);
}

TEST(Judge, SystemGoroutinesAreNoFindings) {
  Builder program = withMain();
  program.blocked("GC worker (idle)", ReasonClass::runtimeInternal, 0).system = true;
  EXPECT_EQ(only(program).verdict, Verdict::waiting);
  EXPECT_EQ(only(program).why, Why::system);
}

// --- by number and age

leak::Analysis afterSenders(Builder& program, int count, std::int64_t age,
                            bool oneChannel = false) {
  Addr address = 0xc000;
  const auto shared = program.channel(address);
  for (int i = 0; i < count; ++i) {
    program.sender(oneChannel ? shared : program.channel(address += 0x100), age);
  }
  return program.analyse();
}

TEST(Suspect, ManyAtOnePlaceHoweverYoung) {
  Builder few = withMain(), many = withMain();
  EXPECT_EQ(afterSenders(few, 999, 0).info(5).verdict, Verdict::waiting);
  const leak::Analysis analysis = afterSenders(many, 1000, 0);
  EXPECT_EQ(analysis.info(5).verdict, Verdict::suspect);
  EXPECT_EQ(analysis.sentence(5), "1,000 goroutines blocked at the same place");
}

TEST(Suspect, TenOldOnes) {
  Builder nine = withMain(), ten = withMain(), young = withMain();
  EXPECT_EQ(afterSenders(nine, 9, 41 * kMinute).info(5).verdict, Verdict::waiting);
  EXPECT_EQ(afterSenders(young, 10, 9 * kMinute).info(5).verdict, Verdict::waiting);
  const leak::Analysis analysis = afterSenders(ten, 10, 41 * kMinute);
  EXPECT_EQ(analysis.info(5).verdict, Verdict::suspect);
  EXPECT_EQ(analysis.sentence(5),
            "10 goroutines at the same place, all of them blocked for 10m or more, the longest for "
            "at least 41m");
}

TEST(Suspect, AHundredThatHaveSettled) {
  Builder fewer = withMain(), young = withMain(), hundred = withMain();
  EXPECT_EQ(afterSenders(fewer, 99, 2 * kMinute).info(5).verdict, Verdict::waiting);
  EXPECT_EQ(afterSenders(young, 500, kMinute / 2).info(5).verdict, Verdict::waiting);
  const leak::Analysis analysis = afterSenders(hundred, 100, 2 * kMinute);
  EXPECT_EQ(analysis.sentence(5),
            "100 goroutines at the same place, all of them blocked for 1m or more, the longest for "
            "at least 2m");
}

TEST(Suspect, YoungOnesDoNotCountAsSettled) {
  Builder program = withMain();
  for (int i = 0; i < 300; ++i) {
    program.sender(program.channel(0xc000 + 0x100U * i), i < 99 ? 2 * kMinute : fake::kSecond);
  }
  EXPECT_EQ(program.analyse().info(5).verdict, Verdict::waiting);
}

TEST(Suspect, SendersOnOneChannelToo) {
  Builder program = withMain();
  EXPECT_EQ(afterSenders(program, 10, kHour, true).info(5).verdict, Verdict::suspect);
}

TEST(Suspect, ThresholdsAreOptions) {
  Builder program = withMain();
  leak::Options options;
  options.thresholds.count = 5;
  for (int i = 0; i < 5; ++i) program.sender(program.channel(0xc000 + 0x100U * i));
  EXPECT_EQ(program.analyse(options).info(1).verdict, Verdict::suspect);
  EXPECT_EQ(program.analyse().info(1).verdict, Verdict::waiting);
}

TEST(Suspect, WorkersOfASharedChannelAreAPool) {
  Builder pool = withMain(), ownChannels = withMain();
  const auto jobs = pool.channel(0xc000);
  for (int i = 0; i < 32; ++i) {
    pool.receiver(jobs, kHour);
    ownChannels.receiver(ownChannels.channel(0xc000 + 0x100U * i), kHour);
  }
  EXPECT_EQ(pool.analyse().info(1).why, Why::worker);
  EXPECT_EQ(pool.analyse().info(1).verdict, Verdict::waiting);
  EXPECT_EQ(ownChannels.analyse().info(1).verdict, Verdict::suspect);
}

TEST(Suspect, WorkersMayHaveAQuitChannelOfTheirOwn) {
  Builder program = withMain();
  const auto jobs = program.channel(0xc000);
  const auto stack = program.stack({fake::kGopark, fake::kWorker, fake::kGoexit});
  for (Addr i = 0; i < 16; ++i) {
    const auto quit = program.channel(0xd000 + 0x100 * i, 0, 0, "struct {}", 0);
    program.blocked("select", ReasonClass::select, stack, kHour);
    program.wait(ObjectKind::channel, WaitOp::receive, jobs).inSelect = true;
    program.wait(ObjectKind::channel, WaitOp::receive, quit).inSelect = true;
  }
  EXPECT_EQ(program.analyse().info(1).why, Why::worker);
}

TEST(Suspect, ASharedQuitChannelDoesNotMakeAPool) {
  Builder program = withMain();
  const auto quit = program.channel(0xc000, 0, 0, "struct {}", 0);
  const auto stack = program.stack({fake::kGopark, fake::kWorker, fake::kGoexit});
  for (Addr i = 0; i < 16; ++i) {
    const auto answer = program.channel(0xd000 + 0x100 * i);
    program.blocked("select", ReasonClass::select, stack, kHour);
    program.wait(ObjectKind::channel, WaitOp::receive, quit).inSelect = true;
    program.wait(ObjectKind::channel, WaitOp::receive, answer).inSelect = true;
  }
  EXPECT_EQ(program.analyse().info(1).verdict, Verdict::suspect);
}

TEST(Suspect, TokensAreNoWork) {
  Builder takers = withMain(), putters = withMain();
  const auto taken = takers.channel(0xc000, 3, 0, "struct {}", 0);
  const auto full = putters.channel(0xc000, 3, 3, "struct {}", 0);
  for (int i = 0; i < 16; ++i) {
    takers.receiver(taken, kHour);
    putters.sender(full, kHour);
  }
  EXPECT_EQ(takers.analyse().info(1).verdict, Verdict::suspect);
  EXPECT_EQ(putters.analyse().info(1).verdict, Verdict::suspect);
}

TEST(Suspect, ManyMayWaitForTheSameSignal) {
  Builder program = withMain();
  const auto done = program.channel(0xc000, 0, 0, "struct {}", 0);
  for (int i = 0; i < 16; ++i) program.receiver(done, kHour);
  const leak::Analysis analysis = program.analyse();
  EXPECT_EQ(analysis.info(1).why, Why::signal);
  EXPECT_EQ(analysis.info(1).verdict, Verdict::waiting);
  EXPECT_EQ(analysis.sentence(1),
            "16 goroutines wait for the same signal, as for the end of what they belong to");
}

TEST(Suspect, AHandlerIsNoIdleWorker) {
  Builder program = withMain();
  const auto pool = program.channel(0xc000, 3, 0, "net.Conn", 16);
  const auto stack = program.stack({fake::kGopark, fake::kHandle, fake::kConnServe, fake::kGoexit});
  for (int i = 0; i < 16; ++i) {
    program.blocked("chan receive", ReasonClass::chanReceive, stack, kHour, fake::kConnServe);
    program.wait(ObjectKind::channel, WaitOp::receive, pool);
  }
  EXPECT_EQ(program.analyse().info(1).verdict, Verdict::suspect);
}

/// Sixteen goroutines that wait on one object of package sync.
Builder atOne(ObjectKind kind, ReasonClass reason, Addr frame) {
  Builder program = withMain();
  const auto object = program.lock(kind, 0xc000);
  const auto stack = program.stack({fake::kGopark, frame, fake::kGoexit});
  for (int i = 0; i < 16; ++i) {
    program.blocked("sync", reason, stack, kHour, fake::kWorker);
    program.wait(kind, WaitOp::wait, object);
  }
  return program;
}

TEST(Suspect, ACondIsAQueueInTheUsersCode) {
  const Builder queue = atOne(ObjectKind::cond, ReasonClass::condWait, fake::kWorker);
  EXPECT_EQ(queue.analyse().info(1).why, Why::worker);
  EXPECT_EQ(queue.analyse().sentence(1), "16 goroutines wait at one Cond, as idle workers do");
  const Builder library = atOne(ObjectKind::cond, ReasonClass::condWait, fake::kReadLoop);
  EXPECT_EQ(library.analyse().info(1).verdict, Verdict::suspect);
}

TEST(Suspect, NobodyWaitsForWorkAtAWaitGroup) {
  const Builder group = atOne(ObjectKind::waitGroup, ReasonClass::waitGroupWait, fake::kWorker);
  EXPECT_EQ(group.analyse().info(1).verdict, Verdict::suspect);
}

TEST(Suspect, AThousandWorkersAreManyAllTheSame) {
  Builder program = withMain();
  const auto jobs = program.channel(0xc000);
  for (int i = 0; i < 1000; ++i) program.receiver(jobs);
  EXPECT_EQ(program.analyse().info(1).why, Why::many);
}

TEST(Suspect, IdleConnectionsNever) {
  Builder program = withMain();
  const auto stack = program.stack({fake::kPollWait, fake::kNetRead, fake::kConnServe});
  for (int i = 0; i < 5000; ++i) {
    program.blocked("IO wait", ReasonClass::ioWait, stack, 10 * kHour, fake::kConnServe);
    program.wait(ObjectKind::fd, WaitOp::read);
  }
  const leak::Analysis analysis = program.analyse();
  EXPECT_EQ(analysis.info(7).verdict, Verdict::waiting);
  EXPECT_EQ(analysis.label(7), "HTTP server connection");
}

TEST(Suspect, OneOldMutexWaiterIsEnough) {
  Builder program = withMain(), young = withMain(), group = withMain();
  for (Builder* p : {&program, &young}) {
    p->blocked("sync.Mutex.Lock", ReasonClass::mutexLock, 0, p == &program ? kHour : kMinute);
    p->wait(ObjectKind::mutex, WaitOp::lock, p->lock(ObjectKind::mutex, 0xc000));
  }
  EXPECT_EQ(program.analyse().info(1).why, Why::oldLock);
  EXPECT_THAT(program.analyse().sentence(1), HasSubstr("at least 1h"));
  EXPECT_EQ(young.analyse().info(1).verdict, Verdict::waiting);
  group.blocked("sync.WaitGroup.Wait", ReasonClass::waitGroupWait, 0, kHour);
  group.wait(ObjectKind::waitGroup, WaitOp::wait, group.lock(ObjectKind::waitGroup, 0xc000));
  EXPECT_EQ(group.analyse().info(1).verdict, Verdict::waiting);
}

TEST(Suspect, ATickerInTheSelectWakesThem) {
  Builder program = withMain();
  const auto stack = program.stack({fake::kGopark, fake::kWorker, fake::kGoexit});
  for (Addr i = 0; i < 20; ++i) {
    const auto tick = program.channel(0xd000 + 0x100 * i, 0, 0, "time.Time", 24);
    golang::Timer timer;
    timer.channel = 0xd000 + 0x100 * i;
    program.snapshot.timers.push_back(timer);
    program.blocked("select", ReasonClass::select, stack, kHour);
    program.wait(ObjectKind::channel, WaitOp::receive, tick).inSelect = true;
  }
  EXPECT_EQ(program.analyse().info(1).why, Why::timed);
  for (golang::Timer& timer : program.snapshot.timers) timer.stopped = true;
  EXPECT_EQ(program.analyse().info(1).verdict, Verdict::suspect);
}

TEST(Suspect, UnreadBodiesAreNamed) {
  Builder program = withMain();
  const auto stack = program.stack({fake::kGopark, fake::kReadLoop, fake::kGoexit});
  for (Addr i = 0; i < 20; ++i) {
    const auto channel = program.channel(0xd000 + 0x100 * i, 0, 0, "bool", 1);
    program.blocked("select", ReasonClass::select, stack, kHour, fake::kReadLoop);
    program.wait(ObjectKind::channel, WaitOp::receive, channel).inSelect = true;
  }
  EXPECT_EQ(program.analyse().info(1).verdict, Verdict::suspect);
  EXPECT_THAT(program.analyse().sentence(1), HasSubstr("HTTP response body not yet read"));
}

TEST(Suspect, ProvedAndUnknownAreNotTouched) {
  Builder program = withMain();
  for (int i = 0; i < 1200; ++i) {
    program.blocked("select (no cases)", ReasonClass::selectNoCases, 0, kHour);
    program.wait(ObjectKind::noCases, WaitOp::none);
    program.sender(program.channel(0xc000 + 0x100U * i), kHour);
    program.snapshot.waits.back().queued = false;
  }
  EXPECT_EQ(program.analyse().info(1).verdict, Verdict::proved);
  EXPECT_EQ(program.analyse().info(2).verdict, Verdict::unknown);
}

TEST(Verdict, NamesBothWays) {
  for (int i = 0; i < 5; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    Verdict back{};
    EXPECT_TRUE(leak::parseVerdict(leak::verdictName(verdict), back));
    EXPECT_EQ(back, verdict);
  }
  Verdict out{};
  EXPECT_TRUE(leak::parseVerdict("suspect", out));
  EXPECT_FALSE(leak::parseVerdict("guilty", out));
}

}  // namespace
}  // namespace parked
