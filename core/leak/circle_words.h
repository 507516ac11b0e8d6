// Circles of waits in words.
#pragma once

#include <string>

#include "leak/analysis.h"

namespace parked::leak {

/// "goroutine 19 sends to chan int 0xc000… cap 8 len 8 open": for what a member waits.
std::string waitsFor(const golang::Snapshot& snapshot, const WaitCircle::Member& member);

/// "only goroutine 20 seems to receive from it: main.(*relister).loop at main.go:35, stands at line
/// 37": who could give it.
std::string givenBy(const golang::Snapshot& snapshot, const WaitCircle::Member& member);

/// The whole circle in one clause, from a goroutine that is in it.
std::string circleSentence(const Analysis& analysis, Index goroutine);

}  // namespace parked::leak
