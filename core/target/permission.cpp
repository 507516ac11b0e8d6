#include "target/permission.h"

#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "target/printable.h"
#include "target/proc.h"

namespace parked::target {

namespace {

/// Of CapEff: whether we may trace whom we could not otherwise (capabilities(7)), in our own user
/// namespace.
bool mayTraceAnybody() {
  constexpr int kSysPtrace = 19;  // CAP_SYS_PTRACE of include/uapi/linux/capability.h
  const std::uint64_t effective =
      std::strtoull(readStatus(getpid(), "CapEff").c_str(), nullptr, 16);
  return (effective >> kSysPtrace & 1) != 0;
}

/// The kernel gives the folder of a process that must not be dumped to root (proc(5)).
bool isHidden(std::int32_t pid, unsigned user) {
  struct stat folder{};
  return user != 0 && stat(fmt::format("/proc/{}", pid).c_str(), &folder) == 0 &&
         folder.st_uid == 0;
}

int yamaScope() {
  std::ifstream file("/proc/sys/kernel/yama/ptrace_scope");
  int scope = 0;
  file >> scope;
  return scope;
}

/// The security module's name for what we are confined to, "" if we are not.
std::string confinement() {
  std::ifstream file("/proc/self/attr/current");
  std::string label;
  std::getline(file, label, '\0');
  while (!label.empty() && label.back() == '\n') label.pop_back();
  return label == "unconfined" || label.find("unconfined_t") != std::string::npos ? "" : label;
}

/// What holds for everybody but root and those who may trace anybody.
std::vector<Obstacle> obstaclesOfUsers(std::int32_t pid) {
  std::vector<Obstacle> found;
  const std::string users = readStatus(pid, "Uid");
  const auto user = static_cast<unsigned>(std::strtoul(users.c_str(), nullptr, 10));
  if (!users.empty() && user != geteuid()) {
    found.push_back({fmt::format("it runs as user {}", user), "run as that user or as root"});
  }
  if (const int scope = yamaScope(); scope != 0) {
    found.push_back({fmt::format("kernel.yama.ptrace_scope is {}", scope),
                     "run as root, or set it to 0 (sysctl -w kernel.yama.ptrace_scope=0)"});
  }
  if (isHidden(pid, user)) {
    found.push_back(
        {"it does not want to be dumped (prctl PR_SET_DUMPABLE), or its executable may "
         "not be read",
         "run as root"});
  }
  return found;
}

}  // namespace

std::vector<Obstacle> obstacles(std::int32_t pid) {
  std::vector<Obstacle> found;
  if (yamaScope() == 3) {
    found.push_back(
        {"kernel.yama.ptrace_scope is 3, which forbids it to everybody until the next boot", ""});
  } else if (!mayTraceAnybody() && geteuid() != 0) {
    found = obstaclesOfUsers(pid);
  } else if (!mayTraceAnybody()) {
    found.push_back({"CAP_SYS_PTRACE is missing (in a container: --cap-add=SYS_PTRACE)", ""});
  }
  if (isInAnotherNamespace(pid, "user")) {
    found.push_back({"it is in another user namespace", "run as root outside of it"});
  }
  if (const std::string label = confinement(); !label.empty()) {
    found.push_back({fmt::format("a security module confines this program ({})", printable(label)),
                     "in a container: --security-opt apparmor=unconfined"});
  }
  if (readStatus(getpid(), "Seccomp") == "2") {
    found.push_back(
        {"a seccomp filter is set on this program, which may forbid ptrace",
         "in a container: --security-opt seccomp=unconfined, or a profile that has ptrace "
         "and process_vm_readv"});
  }
  if (found.empty()) found.push_back({"the kernel does not say why", ""});
  return found;
}

Error notAllowed(std::int32_t pid, std::string_view what, int error) {
  const Obstacle first = obstacles(pid).front();
  return {ErrorCode::permission,
          fmt::format("not allowed to {} process {} ({}): {}{}{}", what, pid, std::strerror(error),
                      first.reason, first.remedy.empty() ? "" : "; ", first.remedy)};
}

}  // namespace parked::target
