// How near a process is to being killed for memory: what its cgroups allow, or the machine has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace parked::target {

/// One limit that the process is under.
struct MemoryLevel {
  std::string where;        ///< the cgroup's folder; "" is the machine
  std::uint64_t used = 0;   ///< bytes; without those that the kernel takes back before it kills
  std::uint64_t limit = 0;  ///< bytes, never 0

  std::uint64_t left() const { return used < limit ? limit - used : 0; }
  double percent() const { return 100.0 * static_cast<double>(used) / static_cast<double>(limit); }
};

/// A hierarchy of cgroups that is mounted somewhere.
struct CgroupMount {
  bool unified = false;  ///< version 2; else it is version 1's for memory
  std::string root;      ///< the cgroup that is at its top
  std::string at;        ///< the folder where it is mounted
  bool operator==(const CgroupMount&) const = default;
};

/// The hierarchies that can have memory controllers, of the text of /proc/PID/mountinfo.
std::vector<CgroupMount> parseCgroupMounts(std::string_view text);

/// Which cgroup a process is in, of the text of /proc/PID/cgroup.
struct CgroupPaths {
  std::optional<std::string> unified;  ///< of version 2
  std::optional<std::string> memory;   ///< of version 1's hierarchy for memory
};
CgroupPaths parseCgroupPaths(std::string_view text);

/// The folders of the process's cgroup and those above it, innermost first, as far as a mount shows
/// them. `prefix` is where the mounts' folders begin ("/proc/PID/root").
std::vector<std::string> cgroupFolders(const std::vector<CgroupMount>& mounts,
                                       const CgroupPaths& paths, const std::string& prefix);

/// What the files of a cgroup's folder say; nullopt if it has no limit, or nothing about memory.
std::optional<MemoryLevel> cgroupLevel(const std::string& folder);

/// The machine's, of the text of /proc/meminfo.
std::optional<MemoryLevel> machineLevel(std::string_view text);

/// "full avg10" of the text of memory.pressure: percent of the last ten seconds in which everybody
/// stood still for want of memory.
std::optional<double> parseStalled(std::string_view text);

/// Looks at the memory of one process's cgroups, cheaply enough to do it all the time.
class MemoryGauge {
 public:
  explicit MemoryGauge(std::int32_t pid) : pid_(pid) {}

  /// Every limit that the process is under, its own cgroup's first; the machine's memory where
  /// there is none. Errors: gone, unsupported (nobody says).
  Result<std::vector<MemoryLevel>> levels();
  /// Of its cgroup, or of the machine where cgroups do not tell. Errors: gone, unsupported.
  Result<double> stalled();

 private:
  /// Finds the cgroups' folders where the process was moved since.
  Result<void> find();

  std::int32_t pid_;
  std::string cgroups_;  ///< /proc/PID/cgroup when the folders were found
  std::vector<std::string> folders_;
};

}  // namespace parked::target
