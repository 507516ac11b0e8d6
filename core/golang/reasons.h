// Wait reasons by the target's own words: their numbers moved between releases, their texts did
// not. Mirrors runtime/runtime2.go (waitReasonStrings), Go 1.18 to 1.27.
#pragma once

#include <string_view>
#include <vector>

#include "golang/snapshot.h"

namespace parked::golang {

/// Reads runtime.waitReasonStrings into snapshot.reasons. If it is not there, that is counted as
/// incomplete and the only reason is number 0, the empty one.
void readReasons(Snapshot& snapshot);

/// The wait reasons of all releases that are known, without "".
std::vector<std::string_view> knownReasons();

/// The class of a reason's text, and whether it is the variant of a synctest bubble.
ReasonClass classifyReason(std::string_view text, bool& durable);

}  // namespace parked::golang
