#include "launch/launch.h"

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "target/proc.h"

namespace parked::launch {
namespace {

/// What the helper, a process of its own, saw.
struct Seen {
  int looks;
  Moment moment;
  int status;
  std::size_t threads, withRegisters;
  std::int32_t pid;
  bool hasMemory;
  int complaints;
};

class Launch : public ::testing::Test {
 protected:
  Launch()
      : seen_(new(mmap(nullptr, sizeof(Seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0)) Seen{}) {}
  ~Launch() override { munmap(seen_, sizeof(Seen)); }

  /// Its pid. `code` is what the helper says of a program whose exit code is 0.
  pid_t start(const Plan& plan, int code = 0) {
    const pid_t child = fork();
    if (child != 0) return child;
    launch(
        plan,
        [&](const Standing& program) {
          ++seen_->looks;
          seen_->moment = program.moment;
          seen_->status = program.status;
          seen_->pid = program.pid;
          seen_->threads = program.threads.size();
          for (const target::Thread& each : program.threads) {
            seen_->withRegisters += each.hasRegisters && !each.words.empty() ? 1 : 0;
          }
          const auto maps = target::readMaps(program.pid);
          seen_->hasMemory = maps && !maps->regions.empty();
          return code;
        },
        [this](const std::string&) { ++seen_->complaints; });
  }
  static int statusOf(pid_t child) {
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
  }
  int run(const Plan& plan, int code = 0) { return statusOf(start(plan, code)); }

  static Plan planOf(std::vector<std::string> program) {
    Plan plan;
    plan.program = std::move(program);
    return plan;
  }
  static Plan shell(const std::string& script) { return planOf({"sh", "-c", script}); }
  /// This program, in a test that only ends.
  static Plan self(const std::string& test) {
    return planOf({"/proc/self/exe", "--gtest_also_run_disabled_tests", "--gtest_filter=" + test});
  }

  Seen* seen_;
};

// What is started by the tests, not a test: threads that sleep or run when the process ends.
TEST(LaunchedProgram, DISABLED_EndsWithThreads) {
  for (int i = 0; i < 4; ++i) {
    std::thread([i] {
      for (volatile int n = 0;;) {
        if (i == 0) {
          n = n + 1;
        } else {
          pause();
        }
      }
    }).detach();
  }
  for (int i = 0; i < 50; ++i) std::thread([] {}).join();
  _exit(7);
}

// One of several threads becomes another program: the others end first, and nobody is kept.
TEST(LaunchedProgram, DISABLED_ExecsFromAThread) {
  for (int i = 0; i < 4; ++i) std::thread([] { pause(); }).detach();
  std::thread([] { execl("/bin/sh", "sh", "-c", "exit 9", nullptr); }).join();
}

TEST_F(Launch, TheProgramIsLookedAtAsItExits) {
  const int status = run(shell("exit 3"), 1);
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_EQ(seen_->looks, 1);
  EXPECT_EQ(seen_->moment, Moment::exit);
  EXPECT_EQ(seen_->status, status);
  EXPECT_TRUE(seen_->hasMemory);
  EXPECT_EQ(seen_->complaints, 0);
}

TEST_F(Launch, AllThreadsHaveRegisters) {
  const pid_t child = start(self("LaunchedProgram.DISABLED_EndsWithThreads"));
  EXPECT_EQ(WEXITSTATUS(statusOf(child)), 7);
  EXPECT_EQ(seen_->pid, child) << "the process itself becomes the program";
  EXPECT_EQ(seen_->threads, 5U);
  EXPECT_EQ(seen_->withRegisters, 5U);
}

TEST_F(Launch, AnExecOfAThreadIsNoEnd) {
  EXPECT_EQ(WEXITSTATUS(run(self("LaunchedProgram.DISABLED_ExecsFromAThread"))), 9);
  EXPECT_EQ(seen_->looks, 1);
  EXPECT_EQ(seen_->threads, 1U);
}

TEST_F(Launch, ASignalThatEndsItIsSeen) {
  const int status = run(shell("kill -9 $$"));
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(WTERMSIG(seen_->status), SIGKILL);
}

TEST_F(Launch, TheStandInGivesTheCode) {
  Plan plan = shell("exit 0");
  EXPECT_EQ(WEXITSTATUS(run(plan, 1)), 0) << "it became the program";
  plan.mayChangeCode = true;
  EXPECT_EQ(WEXITSTATUS(run(plan, 1)), 1);
  EXPECT_EQ(WEXITSTATUS(run(plan, 0)), 0);
  plan = shell("exit 3");
  plan.mayChangeCode = true;
  EXPECT_EQ(WEXITSTATUS(run(plan, 1)), 3) << "a code of its own stays";
  plan = shell("kill -TERM $$");
  plan.mayChangeCode = true;
  EXPECT_EQ(WTERMSIG(run(plan, 1)), SIGTERM);
}

TEST_F(Launch, TheStandInIsToldOfStops) {
  Plan plan = shell("kill -STOP $$; exit 5");
  plan.mayChangeCode = true;
  const pid_t child = start(plan);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, WUNTRACED), child);
  ASSERT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(seen_->looks, 0);
  kill(child, SIGCONT);
  EXPECT_EQ(WEXITSTATUS(statusOf(child)), 5);
  EXPECT_EQ(seen_->looks, 1);
}

TEST_F(Launch, AtASignalAndAfterATime) {
  Plan plan = shell("kill -TERM $$");
  plan.when.signal = SIGTERM;
  EXPECT_EQ(WTERMSIG(run(plan)), SIGTERM);
  EXPECT_EQ(seen_->moment, Moment::signal);
  EXPECT_EQ(seen_->withRegisters, 1U);
  plan = shell("read x");  // waits until it is ended
  plan.when.after = std::chrono::milliseconds(1);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const int before = dup(STDIN_FILENO);
  dup2(ends[0], STDIN_FILENO);
  const pid_t child = start(plan);
  dup2(before, STDIN_FILENO);
  for (const int each : {ends[0], before}) close(each);
  const timespec nap{0, 1'000'000};
  for (int i = 0; i < 60'000 && seen_->looks < 2; ++i) nanosleep(&nap, nullptr);
  EXPECT_EQ(seen_->looks, 2);
  EXPECT_EQ(seen_->moment, Moment::time);
  kill(child, SIGKILL);
  statusOf(child);
  close(ends[1]);
}

TEST_F(Launch, ItsDebugSettingsAreAddedTo) {
  setenv("GODEBUG", "madvdontneed=1", 1);
  Plan plan = shell("echo $GODEBUG | grep -qx madvdontneed=1,tracebackancestors=10");
  plan.goDebug = "tracebackancestors=10";
  EXPECT_EQ(WEXITSTATUS(run(plan)), 0);
  unsetenv("GODEBUG");
  plan.program = {"sh", "-c", "test $GODEBUG = tracebackancestors=10"};
  EXPECT_EQ(WEXITSTATUS(run(plan)), 0);
}

TEST_F(Launch, WhatCannotBeStarted) {
  EXPECT_EQ(WEXITSTATUS(run(planOf({"/nothing/here"}))), 127);
  Plan plan = planOf({"/dev/null"});
  plan.mayChangeCode = true;
  EXPECT_EQ(WEXITSTATUS(run(plan)), 126);
  EXPECT_EQ(seen_->looks, 0);
  EXPECT_EQ(seen_->complaints, 2);
}

}  // namespace
}  // namespace parked::launch
