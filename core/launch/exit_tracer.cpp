#include "launch/exit_tracer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <string>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "arch/architecture.h"
#include "target/proc.h"
#include "target/thread_registers.h"

namespace parked::launch {

namespace {

/// PTRACE_EVENT_STOP, which glibc and the kernel headers both define.
constexpr int kEventStop = 128;
constexpr auto kNap = std::chrono::microseconds(300);
/// So long threads that have to end are waited for; one in an uninterruptible sleep takes longer.
constexpr auto kPatience = std::chrono::seconds(1);
/// An execve ends the other threads at once; nobody is held for it longer than this.
constexpr auto kExecPatience = std::chrono::seconds(2);

std::atomic<bool> timeIsOver{false};

/// Tells the loop that the time is over. It comes again and again, as one that comes just before
/// waitid() sleeps is lost.
void startTimer(std::chrono::nanoseconds after) {
  struct sigaction action{};
  action.sa_handler = [](int) { timeIsOver = true; };
  sigaction(SIGALRM, &action, nullptr);
  const auto micros = std::max<std::int64_t>(
      1, std::chrono::duration_cast<std::chrono::microseconds>(after).count());
  itimerval timer{};
  timer.it_value = {micros / 1'000'000, micros % 1'000'000};
  timer.it_interval.tv_usec = 20'000;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

void stopTimer() {
  const itimerval none{};
  setitimer(ITIMER_REAL, &none, nullptr);
  timeIsOver = false;
}

void* asPointer(std::intptr_t value) { return reinterpret_cast<void*>(value); }

/// Takes the stop, so that it is not reported again. Not for one at a signal: the signal would be
/// lost if this process was killed before it goes on.
void take(std::int32_t tid) { waitpid(tid, nullptr, WNOHANG | WUNTRACED | __WALL); }

void goOn(std::int32_t tid, int signal = 0) {
  ptrace(PTRACE_CONT, tid, nullptr, asPointer(signal));
}

/// The number of the system call that a thread is in; -1: in none, or not known.
long systemCallOf(std::int32_t pid, std::int32_t tid) {
  std::ifstream file(fmt::format("/proc/{}/task/{}/syscall", pid, tid));
  std::string word;
  long number = -1;
  if (file >> word) std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

}  // namespace

Result<ExitTracer> ExitTracer::seize(std::int32_t pid) {
  constexpr std::intptr_t kOptions = PTRACE_O_TRACEEXIT | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
  if (ptrace(PTRACE_SEIZE, pid, nullptr, asPointer(kOptions)) != 0) {
    const int error = errno;
    const std::string tracer = target::readStatus(pid, "TracerPid");
    if (!tracer.empty() && tracer != "0") {
      return fail(ErrorCode::permission, fmt::format("process {} traces it already", tracer));
    }
    return tl::unexpected(target::notAllowed(pid, "trace", error));
  }
  return ExitTracer(pid);
}

Moment ExitTracer::run(const When& when, std::int32_t follow) {
  follow_ = follow;
  if (when.after.count() > 0) startTimer(when.after);
  std::optional<Moment> moment;
  while (!moment) moment = next(when);
  stopTimer();
  if (*moment == Moment::signal || *moment == Moment::time) holdAll();
  return *moment;
}

/// One stop of a thread, or nothing if there was none.
std::optional<Moment> ExitTracer::next(const When& when) {
  const bool polls = !held_.empty() || Clock::now() < followUntil_;
  siginfo_t info{};
  // WNOWAIT: a signal stays with the thread until it goes on, whatever becomes of this process.
  const int options = WEXITED | WSTOPPED | WNOWAIT | __WALL | (polls ? WNOHANG : 0);
  if (waitid(P_ALL, 0, &info, options) != 0) {
    if (errno != EINTR) return Moment::gone;
    return timeIsOver && execed_ && held_.empty() ? std::optional(Moment::time) : std::nullopt;
  }
  if (info.si_pid == 0) {
    if (!held_.empty()) {
      if (const auto moment = whileHeld()) return moment;
    } else {
      continueFollower();
    }
    std::this_thread::sleep_for(kNap);
    return std::nullopt;
  }
  const std::int32_t tid = info.si_pid;
  if (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED) {
    return atStop(when, tid, info.si_status);
  }
  take(tid);
  known_.erase(tid);
  return tid == pid_ ? std::optional(Moment::gone) : std::nullopt;
}

/// `stop`: the event in the upper byte, the signal in the lower one.
std::optional<Moment> ExitTracer::atStop(const When& when, std::int32_t tid, int stop) {
  const int event = stop >> 8, signal = stop & 0xff;
  // A clone() that makes a process is followed as one that makes a thread.
  if (!known_.contains(tid) && !isOurs(tid)) {
    ptrace(PTRACE_DETACH, tid, nullptr, asPointer(event == 0 ? signal : 0));
    return std::nullopt;
  }
  known_.insert(tid);
  if (event == 0) {
    if (execed_ && signal == when.signal && held_.empty()) return Moment::signal;
    goOn(tid, signal);
    return std::nullopt;
  }
  take(tid);
  if (event == kEventStop) {
    atGroupStop(tid, signal);
  } else if (event == PTRACE_EVENT_EXIT) {
    atExit(tid);
    if (!execed_) return Moment::gone;
  } else {
    if (event == PTRACE_EVENT_EXEC) {  // the caller has the first thread's id now
      execed_ = true;
      known_ = {pid_};
      held_.clear();
      threads_.clear();
    }
    goOn(tid);
  }
  return held_.empty() ? std::nullopt : whileHeld();
}

/// A new thread's first stop, or the stop of the whole process, or its end.
void ExitTracer::atGroupStop(std::int32_t tid, int signal) {
  if (signal != SIGTRAP) {
    stopped_ = true;
    followUntil_ = {};
    ptrace(PTRACE_LISTEN, tid, nullptr, nullptr);
    return;
  }
  goOn(tid);
  if (!stopped_) return;
  stopped_ = false;
  followUntil_ = Clock::now() + kPatience;
  continueFollower();
}

/// It may be a moment late with its own stop, and nobody else would wake it. Asked in this order,
/// it is not woken because of a new stop of the program, which it follows.
void ExitTracer::continueFollower() {
  if (follow_ <= 0 || !target::readStatus(follow_, "State").starts_with('T')) return;
  const std::string program = target::readStatus(pid_, "State");
  if (!program.starts_with('T') && !program.starts_with('t')) kill(follow_, SIGCONT);
}

bool ExitTracer::isOurs(std::int32_t tid) const {
  return syscall(SYS_tgkill, pid_, tid, 0) == 0 || errno != ESRCH;
}

bool ExitTracer::othersLive(std::int32_t tid) const {
  return std::ranges::any_of(target::readThreadIds(pid_), [&](std::int32_t other) {
    return other != tid && !target::hasEnded(other);
  });
}

void ExitTracer::atExit(std::int32_t tid) {
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
std::optional<Moment> ExitTracer::whileHeld() {
  const auto since = Clock::now() - heldSince_;
  if (ending_) {
    if (!allEnding() && since < kPatience) return std::nullopt;
    for (const std::int32_t tid : target::readThreadIds(pid_)) {
      const auto isIt = [&](const Held& held) { return held.tid == tid; };
      if (std::ranges::none_of(held_, isIt) && !target::hasEnded(tid)) {
        threads_.emplace_back().tid = tid;
      }
    }
    return Moment::exit;
  }
  // An execve ends all other threads, and waits for them.
  if (someoneExecs() || since > kExecPatience) goOnWithAll();
  return std::nullopt;
}

/// One that was about to exit by itself when the others were killed does not stop: it is gone.
bool ExitTracer::allEnding() const {
  return std::ranges::all_of(target::readThreadIds(pid_), [&](std::int32_t tid) {
    return std::ranges::any_of(held_, [&](const Held& held) { return held.tid == tid; }) ||
           target::hasEnded(tid);
  });
}

bool ExitTracer::someoneExecs() const {
  return std::ranges::any_of(target::readThreadIds(pid_), [&](std::int32_t tid) {
    const long call = systemCallOf(pid_, tid);
    return call == SYS_execve || call == SYS_execveat;
  });
}

void ExitTracer::goOnWithAll() {
  for (const Held& held : held_) {
    known_.erase(held.tid);
    goOn(held.tid);
  }
  held_.clear();
  threads_.clear();
}

/// Has a thread of a running program stand; true once it does, or is no more.
bool ExitTracer::holdOne(std::int32_t tid) {
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
void ExitTracer::holdAll() {
  held_.clear();
  threads_.clear();
  std::unordered_set<std::int32_t> asked, stands;
  const auto deadline = Clock::now() + kPatience;
  for (bool all = false; !all && Clock::now() < deadline;) {
    all = true;
    for (const std::int32_t tid : target::readThreadIds(pid_)) {
      if (asked.insert(tid).second) {
        all = false;
        ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
      }
      if (stands.contains(tid)) continue;
      if (holdOne(tid)) {
        stands.insert(tid);
      } else {
        all = false;
      }
    }
    if (!all) std::this_thread::sleep_for(kNap);
  }
  for (const std::int32_t tid : target::readThreadIds(pid_)) {
    if (!stands.contains(tid)) threads_.emplace_back().tid = tid;
  }
}

void ExitTracer::letGo() {
  // The first thread last: it is the one whose end the parent is told.
  std::ranges::stable_partition(held_, [&](const Held& held) { return held.tid != pid_; });
  for (const Held& held : held_) {
    ptrace(PTRACE_DETACH, held.tid, nullptr, asPointer(held.signal));
  }
  held_.clear();
  // Threads that did not stop are let go by the kernel as this process ends.
}

}  // namespace parked::launch
