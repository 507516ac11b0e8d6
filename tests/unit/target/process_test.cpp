#include <atomic>
#include <csignal>
#include <cstring>
#include <ctime>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "target/proc.h"
#include "target/target.h"

namespace parked::target {
namespace {

using ::testing::HasSubstr;

struct SharedWithChild {
  std::atomic<std::uint64_t> ticks;
  std::atomic<std::uint64_t> signals;
  char text[16];
  alignas(1 << 20) std::uint64_t elsewhere = 1;  // far from what is read with the rest
};

SharedWithChild* shared = nullptr;

// A child that counts, and counts the signals it gets, until it is killed.
class Child {
 public:
  explicit Child(void (*work)() = countForever) {
    area_ = mmap(nullptr, 2 * sizeof(SharedWithChild), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    void* at = area_;
    std::size_t room = 2 * sizeof(SharedWithChild);
    shared = new (std::align(alignof(SharedWithChild), sizeof(SharedWithChild), at, room))
        SharedWithChild{};
    std::strcpy(shared->text, "parked");
    pid_ = fork();
    if (pid_ == 0) {
      std::signal(SIGUSR1, [](int) { shared->signals.fetch_add(1); });
      std::signal(SIGRTMIN, [](int) { shared->signals.fetch_add(1); });
      work();
      _exit(0);
    }
    waitForTick();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    munmap(area_, 2 * sizeof(SharedWithChild));
  }
  pid_t pid() const { return pid_; }
  static void waitForTick() {
    const auto before = shared->ticks.load();
    for (int i = 0; i < 5000 && shared->ticks.load() == before; ++i) usleep(1000);
    ASSERT_NE(shared->ticks.load(), before) << "the child does not run";
  }

 private:
  static void countForever() {
    for (;;) shared->ticks.fetch_add(1);
  }

  void* area_ = nullptr;
  pid_t pid_ = 0;
};

Addr addressOf(const void* p) { return reinterpret_cast<Addr>(p); }

TEST(Process, StandsStillWhileFrozenAndRunsOnAfterwards) {
  const Child child;
  auto target = openProcess(child.pid(), {});
  ASSERT_TRUE(target) << target.error().message;
  Child::waitForTick();  // opening does not stop it
  auto frozen = (*target)->freeze();
  ASSERT_TRUE(frozen) << frozen.error().message;
  ASSERT_EQ((*target)->threads().size(), 1U);
  EXPECT_TRUE((*target)->threads()[0].hasRegisters);
  EXPECT_NE((*target)->threads()[0].registers.pc, 0U);
  const auto ticks = shared->ticks.load();
  usleep(20000);
  EXPECT_EQ(shared->ticks.load(), ticks) << "the child ran while it was stopped";
  EXPECT_EQ((*target)->memory().word(addressOf(&shared->ticks)), ticks);
  EXPECT_EQ((*target)->memory().cstring(addressOf(shared->text)), "parked");
  (*target)->release();
  EXPECT_GE((*target)->pause(), std::chrono::milliseconds(20));
  Child::waitForTick();
}

TEST(Process, SignalsThatArriveMeanwhileAreDeliveredExactlyOnce) {
  const Child child;
  for (int round = 0; round < 50; ++round) {
    auto target = openProcess(child.pid(), {});
    ASSERT_TRUE(target) << target.error().message;
    kill(child.pid(), SIGUSR1);
    ASSERT_TRUE((*target)->freeze());
    (*target)->release();
    for (int i = 0; i < 2000 && shared->signals.load() <= static_cast<unsigned>(round); ++i) {
      usleep(500);
    }
    ASSERT_EQ(shared->signals.load(), static_cast<unsigned>(round + 1));
  }
}

/// Another process that freezes one, and is killed in the middle when the object ends.
class Reader {
 public:
  explicit Reader(pid_t process) {
    if (pipe(ready_) != 0) throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ > 0) return;
    auto target = openProcess(process, {});
    const bool frozen = target && (*target)->freeze();
    if (write(ready_[1], frozen ? "y" : "n", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  ~Reader() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(ready_[0]);
    close(ready_[1]);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Waits until it has tried.
  bool froze() const {
    char answer = 0;
    return ::read(ready_[0], &answer, 1) == 1 && answer == 'y';
  }

 private:
  int ready_[2] = {-1, -1};
  pid_t pid_ = -1;
};

TEST(Process, RunsOnWhenTheReaderIsKilledInTheMiddle) {
  const Child child;
  {
    const Reader reader(child.pid());
    EXPECT_TRUE(reader.froze());
  }
  Child::waitForTick();
}

TEST(Process, RunsOnWhenAnotherThreadReleasesIt) {
  const Child child;
  auto target = openProcess(child.pid(), {});
  ASSERT_TRUE(target) << target.error().message;
  std::thread([&] { ASSERT_TRUE((*target)->freeze()); }).join();
  EXPECT_EQ((*target)->memory().cstring(addressOf(shared->text)), "parked");
  const auto ticks = shared->ticks.load();
  usleep(10000);
  EXPECT_EQ(shared->ticks.load(), ticks) << "it ran on when the freezing thread ended";
  std::thread([&] { (*target)->release(); }).join();
  Child::waitForTick();
  EXPECT_EQ(readStatus(child.pid(), "TracerPid"), "0");
}

// Signals are queued all the time, so that some thread is about to receive one at the very moment
// it is stopped; then the reader dies without a chance to hand it on.
TEST(Process, NoSignalIsLostWhenTheReaderIsKilled) {
  const Child child;
  std::uint64_t sent = 0;
  for (int round = 0; round < 20; ++round) {
    const Reader reader(child.pid());
    std::atomic<bool> done{false};
    std::thread sender([&] {
      while (!done) {
        if (sigqueue(child.pid(), SIGRTMIN, {}) == 0) ++sent;
        if (sent % 64 == 0) usleep(100);
      }
    });
    EXPECT_TRUE(reader.froze());
    done = true;
    sender.join();
  }
  for (int i = 0; i < 5000 && shared->signals.load() < sent; ++i) usleep(1000);
  EXPECT_EQ(shared->signals.load(), sent);
}

TEST(Process, AStoppedProcessStaysStopped) {
  const Child child;
  kill(child.pid(), SIGSTOP);
  int status = 0;
  ASSERT_EQ(waitpid(child.pid(), &status, WUNTRACED), child.pid());
  {
    auto target = openProcess(child.pid(), {});
    ASSERT_TRUE(target) << target.error().message;
    auto frozen = (*target)->freeze();
    ASSERT_TRUE(frozen) << frozen.error().message;
    ASSERT_EQ((*target)->threads().size(), 1U);
    EXPECT_TRUE((*target)->threads()[0].hasRegisters);
  }
  const auto ticks = shared->ticks.load();
  usleep(20000);
  EXPECT_EQ(shared->ticks.load(), ticks);
  EXPECT_THAT(readStatus(child.pid(), "State"), HasSubstr("T (stopped)"));
  kill(child.pid(), SIGCONT);
  Child::waitForTick();
}

TEST(Process, ThreadsThatComeAndGoAreAllStopped) {
  const Child child([] {
    std::atomic<int> running{0};
    for (;;) {
      if (running.load() > 16) continue;
      ++running;
      std::thread([&] {
        for (int i = 0; i < 2000; ++i) shared->ticks.fetch_add(1);
        --running;
      }).detach();
    }
  });
  for (int round = 0; round < 30; ++round) {
    auto target = openProcess(child.pid(), {});
    ASSERT_TRUE(target) << target.error().message;
    auto frozen = (*target)->freeze();
    ASSERT_TRUE(frozen) << frozen.error().message;
    EXPECT_TRUE((*target)->incomplete().empty());
    const auto ticks = shared->ticks.load();
    usleep(2000);
    ASSERT_EQ(shared->ticks.load(), ticks) << "a thread ran";
    for (const Thread& thread : (*target)->threads()) EXPECT_TRUE(thread.hasRegisters);
    (*target)->release();
    Child::waitForTick();
  }
}

TEST(Process, ItCanBeReadAfterItsFirstThreadEnded) {
  const Child child([] {
    std::thread([] {
      for (;;) shared->ticks.fetch_add(1);
    }).detach();
    syscall(SYS_exit, 0);  // only this thread
  });
  for (int i = 0; i < 2000 && readStatus(child.pid(), "State").rfind("Z", 0) != 0; ++i)
    usleep(1000);
  // Its /proc files are those of a zombie, so it cannot be read; but that is what must be said, and
  // it must not be left stopped.
  auto target = openProcess(child.pid(), {});
  if (target) {
    auto frozen = (*target)->freeze();
    EXPECT_TRUE(frozen) << frozen.error().message;
    target->reset();
  } else {
    EXPECT_EQ(target.error().code, ErrorCode::gone) << target.error().message;
  }
  Child::waitForTick();
}

TEST(Process, ReadsAfterTheReleaseSeeOnlyThatInstant) {
  const Child child;
  auto target = openProcess(child.pid(), {});
  ASSERT_TRUE(target) << target.error().message;
  ASSERT_TRUE((*target)->freeze());
  const auto seen = (*target)->memory().word(addressOf(&shared->ticks));
  (*target)->release();
  Child::waitForTick();
  EXPECT_EQ((*target)->memory().word(addressOf(&shared->ticks)), seen);
  EXPECT_EQ((*target)->memory().word(addressOf(&shared->elsewhere)), 0U)
      << "read after the process ran on: another instant";
}

// Longer than it takes to stop a process, also on a machine that has much else to do.
constexpr std::chrono::seconds kShort{1};

auto openWithin(const Child& child, std::chrono::nanoseconds maxPause) {
  OpenOptions options;
  options.maxPause = maxPause;
  return openProcess(child.pid(), options);
}

TEST(Process, AnotherLookIsOfAnotherInstantAndBothPausesCount) {
  const Child child;
  auto target = openWithin(child, std::chrono::hours(1));
  ASSERT_TRUE(target) << target.error().message;
  auto& memory = (*target)->memory();
  std::uint64_t seen = 0;
  std::chrono::nanoseconds paused{0};
  for (int look = 0; look < 3; ++look) {
    ASSERT_TRUE((*target)->freeze());
    const auto ticks = memory.word(addressOf(&shared->ticks));
    EXPECT_GT(ticks, seen) << "what was read before is forgotten";
    EXPECT_EQ(memory.word(addressOf(&shared->ticks)), ticks);
    seen = ticks;
    (*target)->release();
    EXPECT_GT((*target)->pause(), paused);
    paused = (*target)->pause();
    Child::waitForTick();
  }
  EXPECT_FALSE((*target)->late());
}

TEST(Process, ABoundThatIsUsedUpLeavesNothingForAnotherLook) {
  const Child child;
  auto target = openWithin(child, kShort);
  ASSERT_TRUE(target) << target.error().message;
  ASSERT_TRUE((*target)->freeze());
  Child::waitForTick();
  (*target)->release();
  ASSERT_GE((*target)->pause(), kShort);
  if ((*target)->freeze()) Child::waitForTick();  // it did not even stop, or was let go at once
  (*target)->release();
  EXPECT_TRUE((*target)->late());
}

TEST(Process, ItsPauseIsBoundedWhateverTheReaderDoes) {
  const Child child;
  auto target = openWithin(child, kShort);
  ASSERT_TRUE(target) << target.error().message;
  ASSERT_TRUE((*target)->freeze());
  auto& memory = (*target)->memory();
  const auto seen = memory.word(addressOf(&shared->ticks));
  Child::waitForTick();  // nobody released it
  EXPECT_FALSE((*target)->standing());
  EXPECT_EQ(memory.word(addressOf(&shared->ticks)), seen) << "what was read is kept";
  EXPECT_EQ(memory.word(addressOf(&shared->elsewhere)), 0U) << "of another instant";
  EXPECT_EQ(memory.misses(), 1U);
  (*target)->release();
  EXPECT_TRUE((*target)->late());
  EXPECT_GE((*target)->pause(), kShort);
  EXPECT_LT((*target)->pause(), std::chrono::seconds(10));
}

TEST(Process, OneThatIsReleasedInTimeIsNotLate) {
  const Child child;
  auto target = openWithin(child, std::chrono::hours(1));
  ASSERT_TRUE(target) << target.error().message;
  ASSERT_TRUE((*target)->freeze());
  EXPECT_TRUE((*target)->standing());
  (*target)->release();
  EXPECT_FALSE((*target)->standing());
  EXPECT_FALSE((*target)->late());
}

// What threads copy at the very moment the process is let go is of one instant, or is not there.
TEST(Process, NothingThatWasCopiedAsItWasLetGoIsKept) {
  const Child child([] {
    auto* from = const_cast<volatile std::uint64_t*>(&shared->elsewhere);
    for (std::uint64_t i = 2;; ++i) {
      *from = i;
      shared->ticks.store(i);
    }
  });
  int kept = 0;
  // On a busy machine more rounds, and with more time each, until some came that far.
  for (int round = 0; round < 200 || (kept <= 10 && round < 2000); ++round) {
    auto target = openWithin(child, std::chrono::microseconds(1000 + 20 * round));
    ASSERT_TRUE(target) << target.error().message;
    if (!(*target)->freeze()) continue;  // it did not stop in time
    auto& memory = (*target)->memory();
    // The pages in one order, then in the other: only a process that stands still agrees.
    const Addr a = addressOf(&shared->ticks), b = addressOf(&shared->elsewhere);
    const Addr first = round % 2 == 0 ? a : b;
    std::uint64_t one = 0, other = 0;
    if (!memory.read(first, one)) continue;
    while (round % 4 < 2 && (*target)->standing()) {
    }
    if (!memory.read(a + b - first, other)) continue;
    ++kept;
    const auto apart = one > other ? one - other : other - one;
    EXPECT_LE(apart, 1U) << "of two instants";
  }
  EXPECT_GT(kept, 10);
}

TEST(Process, PagesThatWereNeverUsedAreNotRead) {
  const std::uint64_t size = 64 * 4096;
  auto* area = static_cast<std::byte*>(
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(area, MAP_FAILED);
  madvise(area, size, MADV_NOHUGEPAGE);
  area[3 * 4096] = std::byte{7};
  area[4 * 4096 + 5] = std::byte{8};
  area[63 * 4096] = std::byte{9};
  const auto map = openPageMap(getpid());
  const Addr at = addressOf(area);
  const auto used = usedPages(map.get(), {at, at + size});
  if (!used) GTEST_SKIP() << "the kernel does not tell";
  EXPECT_EQ(*used,
            (std::vector<Range>{{at + 3 * 4096, at + 5 * 4096}, {at + 63 * 4096, at + size}}));
  const Child child;  // has them, too
  auto target = openProcess(child.pid(), {});
  ASSERT_TRUE(target) << target.error().message;
  ASSERT_TRUE((*target)->freeze());
  auto& memory = (*target)->memory();
  EXPECT_TRUE(memory.fetch({{at, at + size}}, true, [] { return false; }));
  (*target)->release();
  const auto bytes = memory.bytes(at, size);
  ASSERT_EQ(bytes.size(), size);
  EXPECT_EQ(std::memcmp(bytes.data(), area, size), 0);
  munmap(area, size);
}

TEST(Process, OneThatSomebodyElseHoldsIsReadWithoutRegisters) {
  const Child child;
  auto first = openProcess(child.pid(), {});
  ASSERT_TRUE(first);
  ASSERT_TRUE((*first)->freeze());
  auto second = openProcess(child.pid(), {});
  ASSERT_TRUE(second);
  ASSERT_TRUE((*second)->freeze());
  EXPECT_TRUE((*second)->standing());
  ASSERT_EQ((*second)->threads().size(), 1U);
  EXPECT_FALSE((*second)->threads()[0].hasRegisters);
  EXPECT_EQ((*second)->memory().cstring(addressOf(shared->text)), "parked");
  ASSERT_EQ((*second)->incomplete().entries().size(), 1U);
  EXPECT_THAT((*second)->incomplete().entries()[0].detail, HasSubstr("holds the process"));

  (*first)->release();
  Child::waitForTick();
  EXPECT_FALSE((*second)->standing());
  (*second)->release();
  ASSERT_EQ((*second)->incomplete().entries().size(), 2U);
  EXPECT_EQ((*second)->incomplete().entries()[1].detail, "it ran on while it was read");
}

TEST(Process, OneThatIsTracedAndRunsSaysByWhom) {
  const Child child;
  ASSERT_EQ(ptrace(PTRACE_SEIZE, child.pid(), nullptr, nullptr), 0);
  auto second = openProcess(child.pid(), {});
  ASSERT_TRUE(second);
  const auto refused = (*second)->freeze();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::permission);
  EXPECT_THAT(refused.error().message, HasSubstr("already traced by process"));
  EXPECT_THAT(refused.error().message, HasSubstr("--no-stop"));
}

TEST(Process, ADebuggersThreadsAreTakenAsTheyAre) {
  const Child child;
  std::vector<Thread> held(1);
  held[0].tid = child.pid();
  held[0].hasRegisters = true;
  held[0].registers.pc = 0x1234;
  OpenOptions options;
  options.heldThreads = &held;
  auto target = openProcess(child.pid(), options);
  ASSERT_TRUE(target) << target.error().message;
  ASSERT_TRUE((*target)->freeze());
  Child::waitForTick();  // not stopped by us
  ASSERT_EQ((*target)->threads().size(), 1U);
  EXPECT_EQ((*target)->threads()[0].registers.pc, 0x1234U);
  EXPECT_EQ((*target)->memory().cstring(addressOf(shared->text)), "parked");
}

TEST(Process, UnstoppedItKeepsRunningAndHasNoRegisters) {
  const Child child;
  OpenOptions options;
  options.stop = false;
  auto target = openProcess(child.pid(), options);
  ASSERT_TRUE(target) << target.error().message;
  ASSERT_TRUE((*target)->freeze());
  Child::waitForTick();
  EXPECT_EQ((*target)->kind(), Kind::liveUnstopped);
  ASSERT_EQ((*target)->threads().size(), 1U);
  EXPECT_FALSE((*target)->threads()[0].hasRegisters);
}

TEST(Process, AThreadsNumberNamesItsProcess) {
  const Child child([] {
    std::thread([] {
      for (;;) shared->ticks.fetch_add(1);
    }).join();
  });
  auto tids = readThreadIds(child.pid());
  ASSERT_EQ(tids.size(), 2U);
  auto target = openProcess(tids[0] == child.pid() ? tids[1] : tids[0], {});
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->pid(), child.pid());
  ASSERT_TRUE((*target)->freeze());
  EXPECT_EQ((*target)->threads().size(), 2U);
}

TEST(Process, OneThatExitsWhileItIsReadIsSaidToBeGone) {
  auto child = std::make_unique<Child>();
  OpenOptions options;
  options.stop = false;
  auto target = openProcess(child->pid(), options);
  ASSERT_TRUE(target) << target.error().message;
  ASSERT_TRUE((*target)->freeze());
  const Addr elsewhere = addressOf(&shared->elsewhere);
  child.reset();
  EXPECT_EQ((*target)->memory().word(elsewhere), 0U);
  (*target)->release();
  ASSERT_EQ((*target)->incomplete().entries().size(), 1U);
  EXPECT_EQ((*target)->incomplete().entries()[0].what, "process");
}

TEST(Process, OneThatExitsBeforeItIsFrozenIsGone) {
  auto child = std::make_unique<Child>();
  auto target = openProcess(child->pid(), {});
  ASSERT_TRUE(target) << target.error().message;
  child.reset();
  const auto frozen = (*target)->freeze();
  ASSERT_FALSE(frozen);
  EXPECT_EQ(frozen.error().code, ErrorCode::gone) << frozen.error().message;
}

TEST(Process, SomebodyElsesIsRefusedWithTheReason) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const Child child;
  int answer[2];
  ASSERT_EQ(pipe(answer), 0);
  const pid_t nobody = fork();
  if (nobody == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
    const auto target = openProcess(child.pid(), {});
    const std::string message = target ? "opened" : target.error().message;
    _exit(write(answer[1], message.data(), message.size()) < 0 ? 1 : 0);
  }
  char text[512] = {};
  ASSERT_GT(read(answer[0], text, sizeof text - 1), 0);
  waitpid(nobody, nullptr, 0);
  close(answer[0]);
  close(answer[1]);
  EXPECT_THAT(text, HasSubstr("not allowed to read process"));
  EXPECT_THAT(text, HasSubstr("it runs as user 0"));
}

TEST(Process, ErrorsSayWhatIsWrong) {
  const auto none = openProcess(0x3fffffff, {});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("no process"));
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  siginfo_t ended = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(gone), &ended, WEXITED | WNOWAIT), 0);  // a zombie now
  const auto zombie = openProcess(gone, {});
  ASSERT_FALSE(zombie);
  EXPECT_EQ(zombie.error().code, ErrorCode::gone);
  EXPECT_THAT(zombie.error().message, HasSubstr("has exited"));
  waitpid(gone, nullptr, 0);
  if (readCommand(2) == "kthreadd") {  // not in a pid namespace of its own
    const auto kernel = openProcess(2, {});
    ASSERT_FALSE(kernel);
    EXPECT_THAT(kernel.error().message, HasSubstr("is a kernel thread"));
  }
}

}  // namespace
}  // namespace parked::target
