// Where a goroutine comes from that has no code of the reader's on its stack: whose call, up the
// chain of its creators, led to it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "golang/ancestors.h"
#include "golang/snapshot.h"
#include "leak/places.h"

namespace parked::leak {

enum class OriginKind : std::uint8_t {
  none,
  called,   ///< the place called, by way of libraries, what has the go statement
  created,  ///< the place is the go statement of one of its creators
  stands,   ///< one of its creators is in a call there now, perhaps another one
};

struct Origin {
  OriginKind kind = OriginKind::none;
  PlaceId place = kNoPlace;     ///< in the main module
  std::uint64_t goroutine = 0;  ///< whose call, or who was created there; 0: not known
};

struct OriginTraits {
  OriginKind value;
  std::string_view id;     ///< stable, for machines
  std::string_view label;  ///< what the place is to the goroutine: "called from"
};
const OriginTraits& traitsOf(OriginKind kind);

/// The nearest one. `stacks` by the snapshot's. Nothing if all creators are gone and the runtime
/// noted no ancestors (GODEBUG=tracebackancestors).
Origin originOf(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine,
                const std::vector<golang::Ancestor>& ancestors,
                const std::vector<StackInfo>& stacks, Places& places);

}  // namespace parked::leak
