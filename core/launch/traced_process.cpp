#include "launch/traced_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <string>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "arch/architecture.h"
#include "target/proc.h"
#include "target/thread_registers.h"

namespace parked::launch {

namespace {

/// PTRACE_EVENT_STOP, which glibc and the kernel headers both define.
constexpr int kEventStop = 128;
constexpr auto kHoldNap = std::chrono::microseconds(300);
/// So long the stop of a thread is waited for that the kernel holds in an uninterruptible sleep.
constexpr auto kPatience = std::chrono::seconds(1);
/// Any other stops as soon as it gets a processor: on a busy machine not at once.
constexpr auto kLongest = std::chrono::seconds(10);
/// An execve ends the other threads at once; nobody is held for it longer than this.
constexpr auto kExecPatience = std::chrono::seconds(2);

void* asPointer(std::intptr_t value) { return reinterpret_cast<void*>(value); }

/// The number of the system call that a thread is in; -1: in none, or not known.
long systemCallOf(std::int32_t pid, std::int32_t tid) {
  std::ifstream file(fmt::format("/proc/{}/task/{}/syscall", pid, tid));
  std::string word;
  long number = -1;
  if (file >> word) std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

/// Whether the stop of one of these is to be waited for after so long a time.
bool worthWaiting(const std::vector<std::int32_t>& tids, std::chrono::nanoseconds since) {
  if (since < kPatience) return !tids.empty();
  return since < kLongest && !std::ranges::all_of(tids, target::isUninterruptible);
}

}  // namespace

void goOn(std::int32_t tid, int signal) { ptrace(PTRACE_CONT, tid, nullptr, asPointer(signal)); }

void takeStop(std::int32_t tid) { waitpid(tid, nullptr, WNOHANG | WUNTRACED | __WALL); }

void detach(std::int32_t tid, int signal) {
  ptrace(PTRACE_DETACH, tid, nullptr, asPointer(signal));
}

std::optional<Moment> TracedProcess::atStop(const When& when, std::int32_t tid, int stop) {
  const int event = stop >> 8, signal = stop & 0xff;
  known_.insert(tid);
  if (event == 0) {
    if (execed_ && signal == when.signal && held_.empty()) return Moment::signal;
    goOn(tid, signal);
    return std::nullopt;
  }
  takeStop(tid);
  if (event == kEventStop) {
    atGroupStop(tid, signal);
  } else if (event == PTRACE_EVENT_EXIT) {
    atExit(tid);
    if (!execed_) return Moment::gone;
  } else {
    if (event == PTRACE_EVENT_EXEC) {  // the caller has the first thread's id now
      execed_ = true;
      known_ = {pid_};
      parts_.clear();
      held_.clear();
      threads_.clear();
    }
    goOn(tid);
  }
  return held_.empty() ? std::nullopt : whileHeld();
}

/// A new thread's first stop, or the stop of the whole process, or its end. Each thread tells of
/// both, and some so late that others are in the next stop by then.
void TracedProcess::atGroupStop(std::int32_t tid, int signal) {
  Part& own = parts_[tid];
  if (signal != SIGTRAP) {
    if (own.left && own.stop == stop_) atNewStop();
    own = {stop_, false};
    ptrace(PTRACE_LISTEN, tid, nullptr, nullptr);
    return;
  }
  goOn(tid);
  const bool first = !own.left && own.stop == stop_ && std::exchange(continued_, stop_) != stop_;
  own.left = true;
  if (!first || follow_ <= 0) return;
  followUntil_ = Clock::now() + kLongest;
  continueFollower();
}

void TracedProcess::atNewStop() {
  if (hasToFollow() && followerMissedSomething()) wakeFollower();
  followUntil_ = {};
  ++stop_;
}

bool TracedProcess::followerStands() const {
  return follow_ > 0 && target::readStatus(follow_, "State").starts_with('T');
}

/// What it was told of the program while it stood is still to be read: it stands for a stop that is
/// over. The program may have been stopped again, or have ended, before anybody woke it.
bool TracedProcess::followerMissedSomething() const {
  const auto pending = std::strtoull(target::readStatus(follow_, "ShdPnd").c_str(), nullptr, 16);
  return (pending >> (SIGCHLD - 1) & 1) != 0;
}

void TracedProcess::wakeFollower() {
  if (!followerStands()) return;
  kill(follow_, SIGCONT);
  followUntil_ = {};
}

/// It may be a moment late with its own stop, and nobody else would wake it. Asked in this order,
/// it is not woken because of a new stop of the program, which it follows.
void TracedProcess::continueFollower() {
  if (!hasToFollow() || !followerStands()) return;
  const std::string program = target::readStatus(pid_, "State");
  if (!program.starts_with('T') && !program.starts_with('t')) wakeFollower();
}

bool TracedProcess::othersLive(std::int32_t tid) const {
  return std::ranges::any_of(target::readThreadIds(pid_), [&](std::int32_t other) {
    return other != tid && !target::hasEnded(other);
  });
}

void TracedProcess::atExit(std::int32_t tid) {
  unsigned long message = 0;
  ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &message);
  const long call = systemCallOf(pid_, tid);
  if (!ending_ && call == SYS_exit && othersLive(tid)) {  // one thread ends, no more
    known_.erase(tid);
    goOn(tid);
    return;
  }
  if (!execed_) return;
  if (!ending_ && (message != 0 || call == SYS_exit_group || !othersLive(tid))) ending_ = true;
  if (message != 0) status_ = static_cast<int>(message);
  if (held_.empty()) heldSince_ = Clock::now();
  held_.push_back({tid, 0});
  threads_.push_back(target::readThread(tid, arch::host()));
}

/// What becomes of those that stand at their exit.
std::optional<Moment> TracedProcess::whileHeld() {
  const auto since = Clock::now() - heldSince_;
  if (ending_) {
    const std::vector<std::int32_t> late = notHeld();
    if (worthWaiting(late, since)) return std::nullopt;
    for (const std::int32_t tid : late) threads_.emplace_back().tid = tid;
    return Moment::exit;
  }
  // An execve ends all other threads, and waits for them.
  if (someoneExecs() || since > kExecPatience) goOnWithAll();
  return std::nullopt;
}

/// One that was about to exit by itself when the others were killed does not stop: it is gone.
std::vector<std::int32_t> TracedProcess::notHeld() const {
  std::vector<std::int32_t> tids = target::readThreadIds(pid_);
  std::erase_if(tids, [&](std::int32_t tid) {
    return std::ranges::any_of(held_, [&](const Held& held) { return held.tid == tid; }) ||
           target::hasEnded(tid);
  });
  return tids;
}

bool TracedProcess::someoneExecs() const {
  return std::ranges::any_of(target::readThreadIds(pid_), [&](std::int32_t tid) {
    const long call = systemCallOf(pid_, tid);
    return call == SYS_execve || call == SYS_execveat;
  });
}

void TracedProcess::goOnWithAll() {
  for (const Held& held : held_) {
    known_.erase(held.tid);
    goOn(held.tid);
  }
  held_.clear();
  threads_.clear();
}

/// Has a thread of a running program stand; true once it does, or is no more.
bool TracedProcess::holdOne(std::int32_t tid) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(tid), &info,
             WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL) != 0) {
    return errno != EINTR;
  }
  if (info.si_pid == 0) return target::hasEnded(tid);
  if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) return true;
  held_.push_back({tid, info.si_status >> 8 == 0 ? info.si_status & 0xff : 0});
  threads_.push_back(target::readThread(tid, arch::host()));
  return true;
}

/// Stops all threads. Those that they make meanwhile are traced from their first instruction.
void TracedProcess::holdAll() {
  held_.clear();
  threads_.clear();
  std::unordered_set<std::int32_t> asked, stands;
  std::vector<std::int32_t> late;
  const auto start = Clock::now();
  for (;;) {
    late.clear();
    bool all = true;  // no new one was met: those that stand make none
    for (const std::int32_t tid : target::readThreadIds(pid_)) {
      if (asked.insert(tid).second) {
        all = false;
        ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
      }
      if (stands.contains(tid)) continue;
      if (holdOne(tid)) {
        stands.insert(tid);
      } else {
        late.push_back(tid);
      }
    }
    if (all && !worthWaiting(late, Clock::now() - start)) break;
    if (Clock::now() - start > kLongest) break;  // it makes threads as fast as we stop them
    std::this_thread::sleep_for(kHoldNap);
  }
  for (const std::int32_t tid : late) threads_.emplace_back().tid = tid;
}

void TracedProcess::letGo() {
  // The first thread last: it is the one whose end the parent is told.
  std::ranges::stable_partition(held_, [&](const Held& held) { return held.tid != pid_; });
  for (const Held& held : held_) {
    ptrace(PTRACE_DETACH, held.tid, nullptr, asPointer(held.signal));
  }
  held_.clear();
  // Threads that did not stop are let go by the kernel as this process ends.
}

}  // namespace parked::launch
