#include <atomic>
#include <csignal>
#include <cstring>
#include <ctime>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <new>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/target.h"

namespace parked::target {
namespace {

using ::testing::HasSubstr;

struct Shared {
  std::atomic<std::uint64_t> ticks;
  std::atomic<std::uint64_t> signals;
  char text[16];
};

Shared* shared = nullptr;

// A child that counts, and counts the signals it gets, until it is killed.
class Child {
 public:
  Child() {
    shared = new (mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0)) Shared{};
    std::strcpy(shared->text, "parked");
    pid_ = fork();
    if (pid_ == 0) {
      std::signal(SIGUSR1, [](int) { shared->signals.fetch_add(1); });
      for (;;) shared->ticks.fetch_add(1);
    }
    waitForTick();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    munmap(shared, sizeof(Shared));
  }
  pid_t pid() const { return pid_; }
  static void waitForTick() {
    const auto before = shared->ticks.load();
    for (int i = 0; i < 5000 && shared->ticks.load() == before; ++i) usleep(1000);
    ASSERT_NE(shared->ticks.load(), before) << "the child does not run";
  }

 private:
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

TEST(Process, RunsOnWhenTheReaderIsKilledInTheMiddle) {
  const Child child;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t reader = fork();
  if (reader == 0) {
    auto target = openProcess(child.pid(), {});
    const bool frozen = target && (*target)->freeze();
    if (write(ready[1], frozen ? "y" : "n", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  kill(reader, SIGKILL);
  waitpid(reader, nullptr, 0);
  Child::waitForTick();
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

TEST(Process, ErrorsSayWhatIsWrong) {
  const auto none = openProcess(0x3fffffff, {});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("no process"));
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  usleep(50000);  // a zombie now
  const auto zombie = openProcess(gone, {});
  EXPECT_FALSE(zombie);
  waitpid(gone, nullptr, 0);
}

}  // namespace
}  // namespace parked::target
