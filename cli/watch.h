// `parked watch`: looks at a process again and again, and shows it.
#pragma once

#include "arguments.h"

namespace parked::cli {

/// The exit code. On a terminal it redraws in place; elsewhere each look is appended.
int watch(const Arguments& arguments);

}  // namespace parked::cli
