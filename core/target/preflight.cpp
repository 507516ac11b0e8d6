#include "target/preflight.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "target/file_descriptor.h"
#include "target/held_elsewhere.h"
#include "target/printable.h"
#include "target/proc.h"

namespace parked::target {

namespace {

using State = Check::State;

FileDescriptor openOf(std::int32_t pid, const char* name) {
  return FileDescriptor(open(fmt::format("/proc/{}/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
}

/// To open it takes the right that to attach takes (mm_access in fs/proc/base.c), and does nothing.
Check memoryCheck(std::int32_t pid) {
  if (openOf(pid, "mem")) return {State::fine, "its memory may be read", {}};
  return {State::refused, "its memory may not be read", obstacles(pid)};
}

/// Filters of containers forbid the call that copies memory, or the one that stops threads, to
/// whoever they are set on. Nobody has this id, so that who is not forbidden to is told that there
/// is no such process.
constexpr std::int32_t kNobody = std::numeric_limits<std::int32_t>::max();

std::optional<Check> copyCheck() {
  std::byte ours{};
  iovec local{&ours, 1};
  iovec remote{&ours, 1};
  if (process_vm_readv(kNobody, &local, 1, &remote, 1, 0) == 1 || errno == ESRCH) return {};
  return Check{
      State::note,
      "process_vm_readv is forbidden to this program (by a seccomp filter?): memory is read "
      "through /proc/PID/mem, and the process stands still for longer",
      {}};
}

Check stopCheck(std::int32_t pid) {
  const std::string tracer = readStatus(pid, "TracerPid");
  if (const auto held = HeldElsewhere::find(pid)) {
    return {State::note,
            held->by() +
                " holds it, and has the registers of its threads alone: it is read as it "
                "stands, and nothing is proved",
            {}};
  }
  if (!tracer.empty() && tracer != "0") {
    return {State::refused,
            fmt::format("its threads cannot be stopped: process {} ({}) traces it", tracer,
                        printable(readCommand(std::atoi(tracer.c_str())))),
            {{"there is one tracer at a time",
              "use parked in that debugger, have it stop the process, or end it; --no-stop reads "
              "without stopping, and proves nothing"}}};
  }
  if (ptrace(PTRACE_SEIZE, kNobody, nullptr, nullptr) != 0 && errno != ESRCH) {
    return {State::refused, "its threads cannot be stopped: ptrace is forbidden to this program",
            obstacles(pid)};
  }
  const auto threads = readThreadIds(pid);
  const auto stubborn = std::ranges::count_if(threads, isUninterruptible);
  if (stubborn > 0) {
    return {
        State::note,
        fmt::format("{} of its {} threads are held by the kernel just now (state D): as long as "
                    "that lasts they have no registers",
                    stubborn, threads.size()),
        {}};
  }
  return {State::fine, fmt::format("its {} threads can be stopped", threads.size()), {}};
}

Check executableCheck(std::int32_t pid) {
  constexpr std::string_view kDeleted = " (deleted)";
  const std::string path = readLink(fmt::format("/proc/{}/exe", pid));
  if (!openOf(pid, "exe")) {
    return {State::refused, "its executable cannot be opened", obstacles(pid)};
  }
  if (path.ends_with(kDeleted)) {
    return {State::note,
            fmt::format(
                "its executable was deleted or replaced while it runs; it is read all the same: {}",
                printable(path.substr(0, path.size() - kDeleted.size()))),
            {}};
  }
  return {State::fine, fmt::format("its executable can be opened: {}", printable(path)), {}};
}

void addNamespaces(std::int32_t pid, std::vector<Check>& checks) {
  if (isInAnotherNamespace(pid, "mnt")) {
    checks.push_back({State::note,
                      fmt::format("it is in another mount namespace: its files are those below "
                                  "/proc/{}/root",
                                  pid),
                      {}});
  }
  if (isInAnotherNamespace(pid, "pid")) {
    checks.push_back(
        {State::note,
         fmt::format("it is in another pid namespace, in which it is process {}", ownThreadId(pid)),
         {}});
  }
}

}  // namespace

Result<Preflight> preflight(std::int32_t pid) {
  const std::int32_t living = livingThread(pid);
  if (readStatus(pid, "State").empty()) {
    return fail(ErrorCode::gone,
                fmt::format("there is no process {} that can be seen from here", pid));
  }
  Preflight result;
  result.command = readCommand(pid);
  if (living == 0) {
    result.checks.push_back({State::refused, "it has ended, and nobody has waited for it", {}});
    return result;
  }
  if (isKernelThread(pid)) {
    result.checks.push_back({State::refused, "it is a thread of the kernel", {}});
    return result;
  }
  result.checks.push_back(memoryCheck(living));
  if (auto copy = copyCheck()) result.checks.push_back(std::move(*copy));
  result.checks.push_back(stopCheck(living));
  result.checks.push_back(executableCheck(living));
  addNamespaces(living, result.checks);
  return result;
}

}  // namespace parked::target
