// All goroutines of the target with their stacks.
// Mirrors runtime/proc.go (allgs), runtime/runtime2.go (type g) and runtime/traceback.go
// (isSystemGoroutine), Go 1.18 to 1.27.
#pragma once

#include "base/error.h"
#include "base/observer.h"
#include "golang/snapshot.h"
#include "schema/layouts.h"

namespace parked::golang {

/// Fills snapshot.goroutines (sorted by goid), stacks, pcs and labelSets. readReasons() must have
/// run. An entry of allgs that is not a goroutine is counted in snapshot.incomplete; an error means
/// that there is no goroutine at all, or that the user interrupted.
Result<void> readGoroutines(Snapshot& snapshot, const schema::Layouts& layouts, Observer* observer,
                            Timings* timings);

}  // namespace parked::golang
