// What goroutines wait on in the terms of libraries that have them wait on something else
// underneath.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "report/model.h"

namespace parked::report {

/// Who reads such a library's objects makes it, as a part of what was read of resources.
struct LibraryWaits {
  std::vector<std::string> texts;               ///< an object each
  std::unordered_map<Index, std::uint32_t> of;  ///< by goroutine: into texts
};

/// "semaphore.Weighted 0xc000010000, 4 of 4 taken, 10 waiting"; "" if nothing is known but what the
/// goroutine waits on for the runtime.
std::string libraryWait(const Report& report, Index goroutine);

}  // namespace parked::report
