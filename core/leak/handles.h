// The handle of an island of orphans (proof/islands.h): the object by whose Close, Stop or the like
// somebody who had it could end the island.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/observer.h"
#include "golang/snapshot.h"
#include "leak/code.h"
#include "leak/island_kinds.h"
#include "proof/orphans.h"

namespace parked::leak {

/// Finds the handle of each kind's islands (IslandKind::handle) and what they reach of others'
/// (IslandKind::reaches). Of a kind with very many islands the first are looked at. A handle leads
/// to what every goroutine of its island waits on, but those that wait for nothing but the clock;
/// its type is told by who works on it, by an interface that holds it, or by what points to it, and
/// checked against its words. Linear in the islands. False if the user interrupted.
bool findHandles(const golang::Snapshot& snapshot, const Code& code, const proof::Orphans& orphans,
                 Observer* observer, std::vector<IslandKind>& kinds);

/// What of a handle's text may be shown: no password of an address, nothing a terminal would act
/// on, not much. "" if nothing is left.
std::string tellingText(std::string_view text);

}  // namespace parked::leak
