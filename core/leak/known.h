// Goroutines that well-known packages start once and keep, recognised by their start function.
#pragma once

#include <string_view>

#include "golang/snapshot.h"

namespace parked::leak {

struct Known {
  std::string_view label;  ///< what it is: "HTTP client connection"; "" if not well-known
  bool benign = false;     ///< its being old is no finding; else the label names a usual cause
};

/// The function starts a goroutine for each request that a server handles.
bool servesRequests(std::string_view function);

/// `function` is the start function; `reason` what it is blocked in.
Known knownGoroutine(std::string_view function, golang::ReasonClass reason);

}  // namespace parked::leak
