#include "launch/exit_tracer.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <string>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "target/elf_file.h"
#include "target/go_files.h"
#include "target/permission.h"
#include "target/proc.h"

namespace parked::launch {

namespace {

constexpr auto kNap = std::chrono::microseconds(300);

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

/// Whether what a process has just become is a program of Go, by its file.
bool isGoProgram(std::int32_t pid) {
  const auto file = target::ElfFile::open(fmt::format("/proc/{}/exe", pid));
  return file && !target::goBuildInfo(**file).empty();
}

bool isThreadOf(std::int32_t pid, std::int32_t tid) {
  return syscall(SYS_tgkill, pid, tid, 0) == 0 || errno != ESRCH;
}

/// Of what process a thread is; 0 if it is gone.
std::int32_t groupOf(std::int32_t tid) {
  const std::string group = target::readStatus(tid, "Tgid");
  return group.empty() ? 0 : std::atoi(group.c_str());
}

}  // namespace

Result<ExitTracer> ExitTracer::seize(std::int32_t pid, ChildEnds childEnds) {
  std::intptr_t options = PTRACE_O_TRACEEXIT | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
  if (childEnds) options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
  if (ptrace(PTRACE_SEIZE, pid, nullptr, reinterpret_cast<void*>(options)) != 0) {
    const int error = errno;
    const std::string tracer = target::readStatus(pid, "TracerPid");
    if (!tracer.empty() && tracer != "0") {
      return fail(ErrorCode::permission, fmt::format("process {} traces it already", tracer));
    }
    return tl::unexpected(target::notAllowed(pid, "trace", error));
  }
  return ExitTracer(pid, std::move(childEnds));
}

Moment ExitTracer::run(const When& when, std::int32_t follow) {
  program_.follow(follow);
  if (when.after.count() > 0) startTimer(when.after);
  std::optional<Moment> moment;
  while (!moment) moment = next(when);
  stopTimer();
  if (*moment == Moment::signal || *moment == Moment::time) {
    program_.holdAll();
  } else {
    program_.wakeFollower();
  }
  return *moment;
}

/// Something may be due although no thread stands.
bool ExitTracer::polls() const {
  return program_.holds() || program_.hasToFollow() ||
         std::ranges::any_of(children_, [](const auto& each) { return each.second.holds(); });
}

/// One stop of a thread, or nothing if there was none.
std::optional<Moment> ExitTracer::next(const When& when) {
  siginfo_t info{};
  // WNOWAIT: a signal stays with the thread until it goes on, whatever becomes of this process.
  const int options = WEXITED | WSTOPPED | WNOWAIT | __WALL | (polls() ? WNOHANG : 0);
  if (waitid(P_ALL, 0, &info, options) != 0) {
    if (errno != EINTR) return Moment::gone;
    const bool now = timeIsOver && program_.execed() && !program_.holds();
    return now ? std::optional(Moment::time) : std::nullopt;
  }
  if (info.si_pid == 0) {
    const auto moment = idle();
    if (!moment) std::this_thread::sleep_for(kNap);
    return moment;
  }
  const std::int32_t tid = info.si_pid;
  if (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED) {
    return atStop(when, tid, info.si_status);
  }
  takeStop(tid);
  if (tid != program_.pid()) {
    children_.erase(tid);
    program_.atEnd(tid);
    return std::nullopt;
  }
  return Moment::gone;
}

/// No thread has anything new to tell.
std::optional<Moment> ExitTracer::idle() {
  if (program_.holds()) {
    if (const auto moment = program_.whileHeld()) return moment;
  } else {
    program_.continueFollower();
  }
  for (auto each = children_.begin(); each != children_.end();) {
    TracedProcess& child = (each++)->second;  // it may be let go
    if (!child.holds()) continue;
    if (const auto moment = child.whileHeld()) childAt(child, *moment);
  }
  return std::nullopt;
}

/// Of those that are traced the one that the thread is of; one that was just made becomes one.
/// Null: of none.
TracedProcess* ExitTracer::processOf(std::int32_t tid) {
  if (program_.knows(tid) || isThreadOf(program_.pid(), tid)) return &program_;
  const std::int32_t pid = childEnds_ ? groupOf(tid) : 0;
  if (pid == 0) return nullptr;
  const auto known = children_.find(pid);
  if (known != children_.end()) return &known->second;
  // A thread that comes late, of a process that was let go, is no new one.
  return pid == tid ? &children_.try_emplace(pid, pid).first->second : nullptr;
}

/// `stop`: the event in the upper byte, the signal in the lower one.
std::optional<Moment> ExitTracer::atStop(const When& when, std::int32_t tid, int stop) {
  TracedProcess* process = processOf(tid);
  if (process == &program_) return program_.atStop(when, tid, stop);
  if (process != nullptr) {
    atStopOfChild(*process, tid, stop);
  } else {
    // A clone() that makes a process is followed as one that makes a thread.
    detach(tid, stop >> 8 == 0 ? stop & 0xff : 0);
  }
  return std::nullopt;
}

void ExitTracer::atStopOfChild(TracedProcess& child, std::int32_t tid, int stop) {
  const bool execs = stop >> 8 == PTRACE_EVENT_EXEC;
  if (execs && !isGoProgram(child.pid())) {
    takeStop(tid);
    detach(tid);
    children_.erase(child.pid());
    return;
  }
  const auto moment = child.atStop({}, tid, stop);
  if (!moment) return;
  // One that has not become a program is a part of its parent.
  if (*moment == Moment::gone) detach(tid);
  childAt(child, *moment);
}

void ExitTracer::childAt(TracedProcess& child, Moment moment) {
  if (moment == Moment::exit) childEnds_(child);
  child.letGo();
  children_.erase(child.pid());
}

}  // namespace parked::launch
