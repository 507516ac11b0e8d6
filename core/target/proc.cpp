#include "target/proc.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <span>
#include <sstream>
#include <sys/uio.h>
#include <unistd.h>

#include "target/permission.h"

namespace parked::target {
namespace {

std::string procPath(std::int32_t pid, std::string_view file) {
  return fmt::format("/proc/{}/{}", pid, file);
}

/// The beginning of a file of /proc that is no longer than that as a rule.
std::string beginningOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(4096, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

// "monotonic  SECONDS  NANOSECONDS" of /proc/PID/timens_offsets; 0 without time namespaces.
std::int64_t monotonicOffset(const std::string& path) {
  std::ifstream file(path);
  std::string clock;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  while (file >> clock >> seconds >> nanoseconds) {
    if (clock == "monotonic") return seconds * 1'000'000'000 + nanoseconds;
  }
  return 0;
}

}  // namespace

ProcessMaps parseMaps(std::istream& lines) {
  ProcessMaps maps;
  std::string line;
  while (std::getline(lines, line)) {
    Mapping mapping;
    char access[5] = {};
    int pathAt = 0;
    unsigned long start = 0;
    unsigned long end = 0;
    unsigned long offset = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %4s %lx %*s %*s %n", &start, &end, access, &offset,
                    &pathAt) < 4 ||
        start >= end) {
      continue;
    }
    mapping.start = start;
    mapping.end = end;
    mapping.fileOffset = offset;
    mapping.executable = access[2] == 'x';
    if (pathAt > 0 && static_cast<std::size_t>(pathAt) < line.size()) {
      mapping.path = line.substr(static_cast<std::size_t>(pathAt));
    }
    const std::string& path = mapping.path;
    const bool device = path.starts_with("/dev/") && !path.starts_with("/dev/shm/") &&
                        !path.starts_with("/dev/zero");
    const bool kernel = path == "[vvar]" || path == "[vvar_vclock]" || path == "[vsyscall]";
    if (access[0] == 'r' && !device && !kernel) {
      Region region;
      region.start = mapping.start;
      region.end = mapping.end;
      region.writable = access[1] == 'w';
      region.executable = access[2] == 'x';
      region.shared = access[3] == 's';
      maps.regions.push_back(region);
    }
    if (path.starts_with("/")) maps.mappings.push_back(std::move(mapping));
  }
  return maps;
}

Result<ProcessMaps> readMaps(std::int32_t pid) {
  std::ifstream file(procPath(pid, "maps"));
  if (!file) {
    const int error = errno;
    if (error == EACCES || error == EPERM) return tl::unexpected(notAllowed(pid, "read", error));
    return fail(ErrorCode::gone, fmt::format("process {} has exited", pid));
  }
  return parseMaps(file);
}

FileDescriptor openPageMap(std::int32_t pid) {
  return FileDescriptor(open(procPath(pid, "pagemap").c_str(), O_RDONLY | O_CLOEXEC));
}

std::optional<std::vector<Range>> usedPages(int pageMap, Range range) {
  constexpr std::uint64_t kUsed = 3ULL << 62;  // in memory, swapped out
  constexpr std::size_t kEntries = 512;
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::vector<Range> used;
  std::array<std::uint64_t, kEntries> entries;
  for (Addr at = range.start; at < range.end;) {
    const std::uint64_t wanted = std::min(kEntries, (range.end - at + page - 1) / page);
    const ssize_t got = pread(pageMap, entries.data(), wanted * sizeof(std::uint64_t),
                              static_cast<off_t>(at / page * sizeof(std::uint64_t)));
    if (got < static_cast<ssize_t>(sizeof(std::uint64_t))) return std::nullopt;
    const std::size_t count = static_cast<std::size_t>(got) / sizeof(std::uint64_t);
    for (std::size_t i = 0; i < count; ++i, at += page) {
      if ((entries[i] & kUsed) == 0) continue;
      if (!used.empty() && used.back().end == at) {
        used.back().end = at + page;
      } else {
        used.push_back({at, at + page});
      }
    }
  }
  return used;
}

ProcessFacts readFacts(std::int32_t pid) {
  ProcessFacts facts;
  const std::string auxiliary = beginningOf(procPath(pid, "auxv"));
  const auto bytes = std::as_bytes(std::span(auxiliary));
  facts.auxiliary.assign(bytes.begin(), bytes.end());
  facts.name = readCommand(pid);
  facts.arguments = beginningOf(procPath(pid, "cmdline"));
  if (facts.arguments.ends_with('\0')) facts.arguments.pop_back();
  std::ranges::replace(facts.arguments, '\0', ' ');
  facts.parent = std::atoi(readStatus(pid, "PPid").c_str());
  facts.user = static_cast<std::uint32_t>(std::atol(readStatus(pid, "Uid").c_str()));
  facts.group = static_cast<std::uint32_t>(std::atol(readStatus(pid, "Gid").c_str()));
  return facts;
}

AuxiliaryVector readAuxv(std::int32_t pid) {
  const std::string bytes = beginningOf(procPath(pid, "auxv"));
  return decodeAuxv(std::as_bytes(std::span(bytes)));
}

ProcessReader::ProcessReader(std::int32_t pid)
    : pid_(pid), file_(open(procPath(pid, "mem").c_str(), O_RDONLY | O_CLOEXEC)) {}

bool ProcessReader::read(Addr address, std::span<std::byte> out) const {
  const iovec local{out.data(), out.size()};
  const iovec remote{reinterpret_cast<void*>(address), out.size()};
  const auto size = static_cast<ssize_t>(out.size());
  return process_vm_readv(pid_, &local, 1, &remote, 1, 0) == size ||
         pread(file_.get(), out.data(), out.size(), static_cast<off_t>(address)) == size;
}

std::vector<std::int32_t> readThreadIds(std::int32_t pid) {
  std::vector<std::int32_t> ids;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(procPath(pid, "task").c_str()),
                                                   closedir);
  if (!folder) return ids;
  while (const dirent* entry = readdir(folder.get())) {
    std::int32_t tid = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, tid).ptr == end) ids.push_back(tid);
  }
  return ids;
}

bool hasEnded(std::int32_t tid) {
  const std::string state = readStatus(tid, "State");
  return state.empty() || state[0] == 'Z' || state[0] == 'X';
}

std::string readRunTimes(std::int32_t tid) { return beginningOf(procPath(tid, "schedstat")); }

bool isUninterruptible(std::int32_t tid) { return readStatus(tid, "State").starts_with('D'); }

std::int32_t livingThread(std::int32_t pid) {
  if (!hasEnded(pid)) return pid;
  for (const std::int32_t tid : readThreadIds(pid)) {
    if (!hasEnded(tid)) return tid;
  }
  return 0;
}

std::int32_t ownThreadId(std::int32_t tid) {
  // From our namespace inwards.
  const std::string ids = readStatus(tid, "NSpid");
  const auto last = ids.find_last_of(" \t");
  const int own = std::atoi(ids.c_str() + (last == std::string::npos ? 0 : last + 1));
  return own > 0 ? own : tid;
}

std::vector<Descriptor> readDescriptors(std::int32_t pid) {
  std::vector<Descriptor> descriptors;
  const std::string path = procPath(pid, "fd");
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
  if (!folder) return descriptors;
  while (const dirent* entry = readdir(folder.get())) {
    Descriptor descriptor;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, descriptor.fd).ptr != end) continue;
    std::array<char, 4096> link{};
    const ssize_t length = readlinkat(dirfd(folder.get()), entry->d_name, link.data(), link.size());
    if (length > 0) descriptor.link.assign(link.data(), static_cast<std::size_t>(length));
    descriptors.push_back(std::move(descriptor));
  }
  std::ranges::sort(descriptors, {}, &Descriptor::fd);
  return descriptors;
}

std::string readLink(const std::string& path) {
  std::array<char, 4096> link{};
  const ssize_t length = readlink(path.c_str(), link.data(), link.size());
  return {link.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

bool isInAnotherNamespace(std::int32_t pid, std::string_view kind) {
  const std::string theirs = readLink(fmt::format("/proc/{}/ns/{}", pid, kind));
  return !theirs.empty() && theirs != readLink(fmt::format("/proc/self/ns/{}", kind));
}

std::string readStatus(std::int32_t pid, const std::string& name) {
  std::ifstream file(procPath(pid, "status"));
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(name + ":")) {
      const auto value = line.find_first_not_of(" \t", name.size() + 1);
      return value == std::string::npos ? "" : line.substr(value);
    }
  }
  return {};
}

bool isKernelThread(std::int32_t pid) {
  constexpr unsigned long kKernelThread = 0x00200000;  // PF_KTHREAD of include/linux/sched.h
  constexpr int kFieldsBetween = 6;                    // from the state to the flags, see proc(5)
  std::ifstream file(procPath(pid, "stat"));
  std::string line;
  std::getline(file, line);
  const auto command = line.rfind(')');  // of a name that may hold brackets and blanks itself
  if (command == std::string::npos) return false;
  std::istringstream fields(line.substr(command + 1));
  std::string skipped;
  for (int i = 0; i < kFieldsBetween; ++i) fields >> skipped;
  unsigned long flags = 0;
  return (fields >> flags) && (flags & kKernelThread) != 0;
}

std::string readCommand(std::int32_t pid) {
  std::ifstream file(procPath(pid, "comm"));
  std::string line;
  std::getline(file, line);
  return line;
}

std::int64_t monotonicOf(std::int32_t pid) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec +
         monotonicOffset(procPath(pid, "timens_offsets")) -
         monotonicOffset("/proc/self/timens_offsets");
}

}  // namespace parked::target
