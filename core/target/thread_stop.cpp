#include "target/thread_stop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "target/core_notes.h"
#include "target/proc.h"

namespace parked::target {
namespace {

// A thread in an uninterruptible sleep does not stop until the kernel is done with it.
constexpr auto kPatience = std::chrono::milliseconds(500);

Error refused(std::int32_t pid, int error) {
  const std::string tracer = readStatus(pid, "TracerPid");
  if (!tracer.empty() && tracer != "0") {
    return {
        ErrorCode::permission,
        fmt::format("process {} is already traced by process {} ({}); use it from there, or read "
                    "without stopping: --no-stop",
                    pid, tracer, readCommand(std::atoi(tracer.c_str())))};
  }
  if (error == ESRCH) return {ErrorCode::gone, fmt::format("process {} is gone", pid)};
  return {ErrorCode::permission,
          fmt::format("not allowed to trace process {} ({}): run as its user or as root, with "
                      "CAP_SYS_PTRACE, or set /proc/sys/kernel/yama/ptrace_scope to 0",
                      pid, std::strerror(error))};
}

}  // namespace

Result<bool> ThreadStop::seizeNew(std::int32_t pid) {
  bool any = false;
  for (const std::int32_t tid : readThreadIds(pid)) {
    if (std::any_of(held_.begin(), held_.end(), [&](const Held& h) { return h.tid == tid; })) {
      continue;
    }
    if (ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0) {
      if (errno == ESRCH && tid != pid) continue;      // it ended meanwhile
      if (!held_.empty() && errno == EPERM) continue;  // a thread on its way out
      return tl::unexpected(refused(pid, errno));
    }
    any = true;
    held_.push_back({tid, false, 0});
    ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
  }
  return any;
}

void ThreadStop::waitForAll() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (auto& thread : held_) {
    while (!thread.standing) {
      int status = 0;
      const pid_t got = waitpid(thread.tid, &status, __WALL | WNOHANG);
      if (got == thread.tid && WIFSTOPPED(status)) {
        thread.standing = true;
        // Either the stop we asked for (an event), or a signal was just being delivered.
        if (status >> 16 == 0) thread.signal = WSTOPSIG(status);
      } else if (got == thread.tid || got < 0) {
        thread.tid = 0;  // it ended
        break;
      } else if (std::chrono::steady_clock::now() > deadline) {
        break;
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      }
    }
  }
  std::erase_if(held_, [](const Held& h) { return h.tid == 0; });
}

Result<void> ThreadStop::stop(std::int32_t pid) {
  // Threads that still run can make new ones; when a pass finds none, all stand.
  for (;;) {
    auto any = seizeNew(pid);
    if (!any) {
      waitForAll();
      release();
      return tl::unexpected(any.error());
    }
    if (!*any) break;
    waitForAll();
  }
  if (held_.empty()) return fail(ErrorCode::gone, fmt::format("process {} is gone", pid));
  return {};
}

void ThreadStop::release() {
  for (auto& thread : held_) {
    // Detaching needs a stopped thread. One that never stopped is waited for a moment longer; the
    // kernel lets go of it in any case when this process ends.
    if (!thread.standing) {
      for (int i = 0; i < 1000 && !thread.standing; ++i) {
        int status = 0;
        const pid_t got = waitpid(thread.tid, &status, __WALL | WNOHANG);
        if (got == thread.tid && WIFSTOPPED(status)) {
          thread.standing = true;
          if (status >> 16 == 0) thread.signal = WSTOPSIG(status);
        } else if (got != 0) {
          break;
        } else {
          std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
      }
    }
    ptrace(PTRACE_DETACH, thread.tid, nullptr,
           reinterpret_cast<void*>(static_cast<std::intptr_t>(thread.signal)));
  }
  held_.clear();
}

std::vector<Thread> ThreadStop::threads(Arch arch) const {
  std::vector<Thread> out;
  for (const auto& held : held_) {
    Thread thread;
    thread.tid = held.tid;
    if (held.standing) {
      std::array<std::byte, 512> block{};
      iovec where{block.data(), block.size()};
      if (ptrace(PTRACE_GETREGSET, held.tid, reinterpret_cast<void*>(NT_PRSTATUS), &where) == 0) {
        thread.hasRegisters =
            decodeRegisters(std::span(block).first(where.iov_len), arch, thread.registers);
      }
    }
    out.push_back(thread);
  }
  return out;
}

}  // namespace parked::target
