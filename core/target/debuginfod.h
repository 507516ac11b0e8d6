// Files from servers of debuginfod, by libdebuginfod (elfutils), which is loaded when it is needed.
#pragma once

#include <string>

#include "base/error.h"

namespace parked::target {

/// Path of the executable or library with that GNU build id, in the client's cache. Asks the
/// servers of DEBUGINFOD_URLS, for as long as DEBUGINFOD_TIMEOUT says. Errors: unsupported (no
/// library, no servers named), notFound.
Result<std::string> askDebuginfod(const std::string& gnuBuildId);

}  // namespace parked::target
