// What threads hold outside of goroutines' stacks: registers and system stacks.
// Mirrors the treatment of g0 and gsignal in runtime/mgcmark.go; a garbage collection stops threads
// at safe points, a core does not, so here every word counts.
#pragma once

#include <string>
#include <vector>

#include "golang/snapshot.h"
#include "proof/stack_roots.h"

namespace parked::proof {

struct MachineRoots {
  std::vector<HeldPointer> pointers;
  std::string problem;  ///< why something may be missing; empty if nothing is
};

MachineRoots readMachineRoots(const golang::Snapshot& snapshot);

}  // namespace parked::proof
