// Who created whom, as far as the runtime tells: g.parentGoid since Go 1.21 (runtime/proc.go,
// newproc1), and GODEBUG=tracebackancestors in all releases.
#pragma once

#include "leak/forest.h"

namespace parked::leak {

/// Parents are creators: goroutines, those that have ended as far as living ones tell of them, and
/// places of go statements where the creator is not noted (before 1.21) or was no goroutine (a
/// timer). `chosen` by goroutine. Links are incomplete if the user asks to stop.
ForestLinks creationLinks(const Analysis& analysis, std::vector<bool> chosen, Observer* observer);

/// The target's release notes who created a goroutine, or it has noted ancestors.
bool notesCreators(const golang::Snapshot& snapshot);

}  // namespace parked::leak
