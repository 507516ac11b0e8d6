// What /proc says of a process.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "target/address_space.h"
#include "target/core_notes.h"
#include "target/file_descriptor.h"
#include "target/target.h"

namespace parked::target {

struct ProcessMaps {
  std::vector<Region> regions;    ///< readable, ordinary memory; bytes come from a ByteSource
  std::vector<Mapping> mappings;  ///< those with a file
};

/// The lines of /proc/PID/maps. Device memory and the kernel's own pages are left out of the
/// regions: reading them can have effects.
ProcessMaps parseMaps(std::istream& lines);

/// Of a process. Errors: permission, gone.
Result<ProcessMaps> readMaps(std::int32_t pid);

/// /proc/PID/pagemap; without a file if it cannot be opened.
FileDescriptor openPageMap(std::int32_t pid);

/// Those pages of `range` (page-aligned) that the process has ever used: of private memory without
/// a file all others are zeros. nullopt if that cannot be read.
std::optional<std::vector<Range>> usedPages(int pageMap, Range range);

/// What a process was started with, and who it is; empty and 0 where that cannot be read.
struct ProcessFacts {
  std::vector<std::byte> auxiliary;  ///< /proc/PID/auxv
  std::string name;                  ///< /proc/PID/comm
  std::string arguments;             ///< /proc/PID/cmdline, blanks between them
  std::int32_t parent = 0;
  std::uint32_t user = 0, group = 0;  ///< real ones
};
ProcessFacts readFacts(std::int32_t pid);

/// /proc/PID/auxv; zeros if it cannot be read.
AuxiliaryVector readAuxv(std::int32_t pid);

/// Reads a process as it is this moment, past everything that is kept.
class ProcessReader {
 public:
  explicit ProcessReader(std::int32_t pid);
  /// False unless all of `out` was read. In one thread at a time.
  bool read(Addr address, std::span<std::byte> out) const;

 private:
  std::int32_t pid_;
  FileDescriptor file_;
};

/// Thread ids of /proc/PID/task, empty if the process is gone.
std::vector<std::int32_t> readThreadIds(std::int32_t pid);

/// Whether the thread is no more, or is what is left until somebody has waited for it (a zombie).
bool hasEnded(std::int32_t tid);

/// Whether the kernel holds the thread in an uninterruptible sleep: it runs no code of its own, and
/// does not stop before that is over.
bool isUninterruptible(std::int32_t tid);

/// A thread of the process that has not ended: the first one, whose id is the process's, unless it
/// ended before the others (pthread_exit in C's main). 0 if the process has ended.
std::int32_t livingThread(std::int32_t pid);

/// The id a thread has in its own pid namespace, which is the one it knows itself by; `tid` again
/// if that is not told.
std::int32_t ownThreadId(std::int32_t tid);

/// The links of /proc/PID/fd in order of their numbers, empty if they cannot be read.
std::vector<Descriptor> readDescriptors(std::int32_t pid);

/// Where a link of /proc leads to, "" if that may not be read.
std::string readLink(const std::string& path);

/// Whether the process is in another namespace of the kind ("mnt", "pid", "user") than this one;
/// false if that is not told.
bool isInAnotherNamespace(std::int32_t pid, std::string_view kind);

/// Value of a line "Name:\tvalue" of /proc/PID/status, of a process or a thread; "" if absent.
std::string readStatus(std::int32_t pid, const std::string& name);

/// How long a thread has run and waited to run, and how often, as /proc/PID/schedstat has it; "" if
/// the kernel does not say.
std::string readRunTimes(std::int32_t tid);

/// Whether it is a thread of the kernel, which has no program; false if the process is gone.
bool isKernelThread(std::int32_t pid);

/// /proc/PID/comm without the newline.
std::string readCommand(std::int32_t pid);

/// CLOCK_MONOTONIC as the process sees it: ours, moved by the difference of the time namespaces.
std::int64_t monotonicOf(std::int32_t pid);

}  // namespace parked::target
