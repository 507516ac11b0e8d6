// What state the scheduler has a goroutine in, and what is so of each: the one place to add one to.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace parked::golang {

/// g.atomicstatus without the _Gscan bit (runtime/runtime2.go; the values are stable 1.18 to 1.27,
/// leaked and deadextra exist since 1.26). Each has a row in status.cpp.
enum class Status : std::uint8_t {
  idle = 0,
  runnable = 1,
  running = 2,
  syscall = 3,
  waiting = 4,
  dead = 6,
  copystack = 8,
  preempted = 9,
  leaked = 10,
  deadextra = 11,
  unknown = 255,
};

struct StatusTraits {
  Status value;
  std::string_view name;  ///< as runtime/traceback.go's gStatusStrings has it
  bool blocked = false;   ///< until somebody makes it runnable
  bool active = false;    ///< on a thread, or will be without anybody's doing
  bool dead = false;      ///< its g is kept for the next goroutine
  bool listed = true;     ///< a goroutine of the snapshot may have it
};

const StatusTraits& traitsOf(Status status);
inline bool isBlocked(Status status) { return traitsOf(status).blocked; }

/// "running", "waiting", …; "unknown" of one that no release has.
std::string_view statusName(Status status);
/// All of them, those of running goroutines first.
std::span<const StatusTraits> statuses();
/// Of g.atomicstatus, whether the collector scans the stack just then or not.
Status statusOf(std::uint32_t word);

}  // namespace parked::golang
