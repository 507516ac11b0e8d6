// What reachability says of a goroutine.
#pragma once

#include <cstdint>

namespace parked::proof {

enum class Fate : std::uint8_t {
  notAsked,   ///< it is no candidate: it can run, or what it waits on is outside of Go's memory
  undecided,  ///< blocked, but its wait is not certain: it counts as one that can run
  alive,      ///< something that can run reaches what it waits on
  leaked,     ///< nothing does
};

}  // namespace parked::proof
