#include "target/preflight.h"

#include <csignal>
#include <cstdint>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace parked::target {
namespace {

using State = Check::State;
using testing::Contains;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Waits for a signal until it is killed.
class Sleeper {
 public:
  Sleeper() : pid_(fork()) {
    if (pid_ == 0) {
      for (;;) pause();
    }
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

/// What a process without rights is told of `pid`: each line a state and what was found.
std::string asNobody(pid_t pid) {
  int answer[2];
  if (pipe(answer) != 0) return "no pipe";
  const pid_t nobody = fork();
  if (nobody == 0) {
    std::string text;
    if (setgid(65534) == 0 && setuid(65534) == 0) {
      const auto found = preflight(pid);
      if (!found) text = found.error().message;
      for (const Check& each : found ? found->checks : std::vector<Check>()) {
        text += std::to_string(static_cast<int>(each.state)) + " " + each.found + "\n";
        for (const Obstacle& one : each.obstacles) text += one.reason + "; " + one.remedy + "\n";
      }
    }
    _exit(write(answer[1], text.data(), text.size()) < 0 ? 1 : 0);
  }
  close(answer[1]);  // so that the end is told also of one that wrote nothing
  char text[4096] = {};
  const ssize_t size = read(answer[0], text, sizeof text - 1);
  waitpid(nobody, nullptr, 0);
  close(answer[0]);
  return {text, size > 0 ? static_cast<std::size_t>(size) : 0};
}

TEST(Preflight, OwnChild) {
  const Sleeper child;
  const auto found = preflight(child.pid());
  ASSERT_TRUE(found);
  EXPECT_THAT(found->command, Not(IsEmpty()));
  EXPECT_THAT(found->checks, Each(Field(&Check::state, Not(State::refused))));
  EXPECT_THAT(found->checks, Contains(Field(&Check::found, HasSubstr("can be stopped"))));
}

TEST(Preflight, WhoEndedIsSaidToHave) {
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  siginfo_t ended = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(gone), &ended, WEXITED | WNOWAIT), 0);  // a zombie now
  const auto zombie = preflight(gone);
  ASSERT_TRUE(zombie);
  EXPECT_THAT(zombie->checks, Each(Field(&Check::state, State::refused)));
  EXPECT_THAT(zombie->checks, Contains(Field(&Check::found, HasSubstr("has ended"))));
  waitpid(gone, nullptr, 0);
  const auto none = preflight(gone);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::gone);
}

TEST(Preflight, WhoIsTracedCannotBeStopped) {
  const Sleeper child;
  ASSERT_EQ(ptrace(PTRACE_SEIZE, child.pid(), nullptr, nullptr), 0);
  const auto found = preflight(child.pid());
  ASSERT_TRUE(found);
  EXPECT_THAT(found->checks,
              Contains(Field(&Check::found, HasSubstr(std::to_string(getpid()) + " ("))));
  EXPECT_THAT(found->checks, Contains(Field(&Check::state, State::refused)));
}

TEST(Preflight, AnotherUsersProcess) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const Sleeper child;
  const std::string said = asNobody(child.pid());
  EXPECT_THAT(said, HasSubstr("2 its memory may not be read"));
  EXPECT_THAT(said, HasSubstr("it runs as user 0; run as that user or as root"));
  EXPECT_THAT(said, HasSubstr("2 its executable cannot be opened"));
}

}  // namespace
}  // namespace parked::target
