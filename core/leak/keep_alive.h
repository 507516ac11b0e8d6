// Why a blocked goroutine is not called leaked, in words.
#pragma once

#include <string>
#include <vector>

#include "leak/analysis.h"

namespace parked::leak {

/// One step of the way from what can run to what the goroutine waits on.
struct KeepAliveStep {
  std::string what;   ///< "main.registry (global)", "*main.session", "object of 96 bytes"
  std::string field;  ///< the word that leads on: ".sessions[3]", "" if its name is not known
  Addr address = 0;   ///< of the object; of a global or a stack slot, of that; 0 for a register
  Addr word = 0;      ///< the word that points to the next step; 0 in the last one
  std::uint64_t offset = 0;  ///< of the word in the object
  Index goroutine = kNone;   ///< it is on that goroutine's stack
  bool timer = false;        ///< it is a timer that will fire
  bool slice = false;        ///< its word is the data of a slice
  std::uint64_t array = 0;   ///< it is a variable that is an array of so many
  bool mapPart = false;      ///< it is a part of how the runtime keeps a map
};

/// From the root to the object waited on; empty if the proof has no answer for the goroutine.
std::vector<KeepAliveStep> keptAliveBy(const Analysis& analysis, Index goroutine);

/// The same of any object of the heap: from the root to it, as the proof's marking went, or as
/// `other` did.
std::vector<KeepAliveStep> wayTo(const Analysis& analysis, Addr object,
                                 const proof::Marker* other = nullptr);

/// The same in one line: "main.registry (global) -> object of 96 bytes -> chan struct {}". Long
/// ways are cut in the middle.
std::string keepAliveLine(const std::vector<KeepAliveStep>& steps);

}  // namespace parked::leak
