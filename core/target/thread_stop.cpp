#include "target/thread_stop.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <future>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unordered_set>

#include "target/permission.h"
#include "target/printable.h"
#include "target/proc.h"
#include "target/thread_registers.h"

namespace parked::target {
namespace {

// A thread in an uninterruptible sleep does not stop until the kernel is done with it.
constexpr auto kPatience = std::chrono::milliseconds(500);
constexpr int kStopEvent =
    128;  // PTRACE_EVENT_STOP, which glibc and the kernel headers both define

Error refused(std::int32_t pid, std::int32_t tid, int error) {
  const std::string tracer = readStatus(tid, "TracerPid");
  if (!tracer.empty() && tracer != "0") {
    return {ErrorCode::permission,
            fmt::format("process {} is already traced by process {} ({}), and runs; use it from "
                        "there, stop it there, or read without stopping: --no-stop",
                        pid, tracer, printable(readCommand(std::atoi(tracer.c_str()))))};
  }
  return notAllowed(pid, "stop", error);
}

}  // namespace

/// The thread that attaches, waits and detaches.
class ThreadStop::Tracer {
 public:
  Tracer(std::int32_t pid, const Architecture& arch, std::optional<Clock::time_point> deadline)
      : pid_(pid), arch_(arch), deadline_(deadline) {}

  /// Starts the thread; returns once everything stands or nothing is held any more.
  Result<std::vector<Thread>> start() {
    // A signal meant for this process must not be handled on a thread that holds another one.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    auto answer = answer_.get_future();
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      return fail(ErrorCode::io, fmt::format("cannot start a thread: {}", error.what()));
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return answer.get();
  }

  ~Tracer() { end(); }

  /// Returns once everything is let go.
  void end() {
    if (!thread_.joinable()) return;
    letGo_.set_value();
    thread_.join();
  }

  bool standing() const { return standing_.load(); }
  /// Both after end().
  bool late() const { return late_; }
  Clock::time_point releasedAt() const { return releasedAt_; }

 private:
  struct Held {
    std::int32_t tid = 0;
    bool standing = false;  // in a ptrace stop
    int signal = 0;         // to be delivered on release
  };

  void run();
  Result<void> stopAll();
  Result<bool> seizeNew();
  void waitForAll(Clock::time_point deadline);
  bool look(Held& thread);
  void detachAll();

  std::int32_t pid_;
  const Architecture& arch_;
  std::optional<Clock::time_point> deadline_;
  std::atomic<bool> standing_{false};
  bool late_ = false;
  Clock::time_point releasedAt_;
  std::vector<Held> held_;
  std::unordered_set<std::int32_t> seen_;
  std::promise<Result<std::vector<Thread>>> answer_;
  std::promise<void> letGo_;
  std::thread thread_;
};

void ThreadStop::Tracer::run() {
  auto stopped = stopAll();
  if (!stopped) {
    detachAll();
    answer_.set_value(tl::unexpected(stopped.error()));
    return;
  }
  std::vector<Thread> threads;
  threads.reserve(held_.size());
  for (const Held& held : held_) {
    if (held.standing) {
      threads.push_back(readThread(held.tid, arch_));
    } else {
      threads.emplace_back().tid = held.tid;
    }
  }
  standing_ = true;
  answer_.set_value(std::move(threads));
  auto letGo = letGo_.get_future();
  if (!deadline_) {
    letGo.wait();
  } else {
    late_ = letGo.wait_until(*deadline_) == std::future_status::timeout;
  }
  standing_ = false;  // before the first one runs
  detachAll();
  releasedAt_ = Clock::now();
  // Threads that never stopped cannot be detached from; the kernel does it as this thread ends.
}

Result<void> ThreadStop::Tracer::stopAll() {
  const auto start = Clock::now();
  Clock::duration patience = kPatience;
  if (deadline_) patience = std::clamp((*deadline_ - start) / 2, Clock::duration::zero(), patience);
  const auto deadline = start + patience;
  // Threads that still run can make new ones; when all stood and a pass finds none, it has all.
  bool complete = false;
  for (;;) {
    const bool stood = std::ranges::all_of(held_, &Held::standing);
    auto any = seizeNew();
    if (!any) {
      waitForAll(deadline);
      return tl::unexpected(any.error());
    }
    if (!*any) {
      complete = stood;
      break;
    }
    waitForAll(deadline);
    if (Clock::now() > deadline + patience) break;  // it makes threads as fast as we stop them
  }
  if (held_.empty()) return fail(ErrorCode::gone, fmt::format("process {} has exited", pid_));
  // A thread that the kernel holds runs no code of its own before it stops; any other might.
  const auto mayRun = [](const Held& thread) {
    return !thread.standing && !isUninterruptible(thread.tid);
  };
  if (std::ranges::any_of(held_, mayRun)) waitForAll(deadline + patience);
  // One that stood only after the last pass may have made another before, which runs on.
  const auto isNew = [this](std::int32_t tid) { return !seen_.contains(tid); };
  if (std::ranges::any_of(held_, mayRun) ||
      (!complete && std::ranges::any_of(readThreadIds(pid_), isNew))) {
    return fail(ErrorCode::io, fmt::format("the threads of process {} did not all stop in time{}",
                                           pid_, deadline_ ? " (--max-pause)" : ""));
  }
  return {};
}

Result<bool> ThreadStop::Tracer::seizeNew() {
  bool any = false;
  const std::vector<std::int32_t> tids = readThreadIds(pid_);
  if (tids.empty()) return fail(ErrorCode::gone, fmt::format("process {} has exited", pid_));
  for (const std::int32_t tid : tids) {
    if (seen_.contains(tid)) continue;
    if (ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0) {
      const int error = errno;
      // It ended meanwhile. One that is still a zombie (as the first thread is, when it ended
      // before the others) is refused with EPERM.
      if (error == ESRCH || hasEnded(tid)) {
        seen_.insert(tid);
        continue;
      }
      return tl::unexpected(refused(pid_, tid, error));
    }
    seen_.insert(tid);
    held_.push_back({tid, false, 0});
    any = true;
    ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
  }
  return any;
}

/// Notes the thread's stop, if it has one; false when the thread is no more.
bool ThreadStop::Tracer::look(Held& thread) {
  siginfo_t info{};
  // WNOWAIT: a stop that was waited for is taken from the thread, and with it the signal it was
  // about to receive. Left alone, the kernel still delivers that signal if this process is killed.
  if (waitid(P_PID, static_cast<id_t>(thread.tid), &info,
             WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL) != 0) {
    return errno == EINTR;
  }
  if (info.si_pid == 0) return true;
  if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) {
    waitpid(thread.tid, nullptr, WNOHANG | __WALL);  // it ended: a zombie until we take it
    return false;
  }
  thread.standing = true;
  // Either the stop we asked for (or of the whole process, by SIGSTOP), which is an event; or a
  // signal was just being delivered, and goes on being delivered when we detach.
  if (info.si_status >> 8 != kStopEvent) thread.signal = info.si_status & 0xff;
  return true;
}

void ThreadStop::Tracer::waitForAll(Clock::time_point deadline) {
  auto nap = std::chrono::microseconds(10);
  for (;;) {
    bool all = true;
    std::erase_if(held_, [&](Held& thread) {
      if (thread.standing) return false;
      if (!look(thread)) return true;
      all = all && thread.standing;
      return false;
    });
    if (all || Clock::now() > deadline) return;
    std::this_thread::sleep_for(nap);
    nap = std::min(nap * 2, std::chrono::microseconds(1000));
  }
}

void ThreadStop::Tracer::detachAll() {
  for (Held& thread : held_) {
    if (!thread.standing && !look(thread)) continue;
    if (!thread.standing) continue;
    ptrace(PTRACE_DETACH, thread.tid, nullptr,
           reinterpret_cast<void*>(static_cast<std::intptr_t>(thread.signal)));
  }
  held_.clear();
}

ThreadStop::ThreadStop() = default;
ThreadStop::~ThreadStop() { release(); }

Result<void> ThreadStop::stop(std::int32_t pid, const Architecture& arch,
                              std::optional<Clock::time_point> deadline) {
  release();
  auto tracer = std::make_unique<Tracer>(pid, arch, deadline);
  auto threads = tracer->start();
  if (!threads) return tl::unexpected(threads.error());
  threads_ = std::move(*threads);
  tracer_ = std::move(tracer);
  return {};
}

bool ThreadStop::standing() const { return tracer_ != nullptr && tracer_->standing(); }

void ThreadStop::release() {
  if (tracer_ == nullptr) return;
  tracer_->end();
  late_ = tracer_->late();
  releasedAt_ = tracer_->releasedAt();
  tracer_.reset();
}

}  // namespace parked::target
