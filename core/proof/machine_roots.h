// What threads hold outside of goroutines' stacks: registers and system stacks.
// Mirrors the treatment of g0 and gsignal in runtime/mgcmark.go; a garbage collection stops threads
// at safe points, a core does not, so here every word counts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "golang/snapshot.h"
#include "proof/stack_roots.h"

namespace parked::proof {

struct MachineRoots {
  std::vector<HeldPointer> pointers;
  /// Why something may be missing; nullopt if nothing is. The first reason counts.
  std::optional<std::string> problem;
};

/// Whether a thread whose system stack has these calls on it, innermost first, waits for work and
/// holds none. The scheduler also runs timers: on the way to a callback it may sleep for a lock of
/// the runtime, with nobody else knowing of the callback any more.
bool sleepsIdle(std::span<const std::string_view> calls);

MachineRoots readMachineRoots(const golang::Snapshot& snapshot);

}  // namespace parked::proof
