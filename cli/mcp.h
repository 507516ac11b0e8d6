// `parked mcp`: hands over to the Python package, which has the server.
#pragma once

#include <string>
#include <vector>

namespace parked::cli {

/// Does not return if the package is there; else the exit code, with one line about how to get it.
int mcp(const std::vector<std::string>& words);

}  // namespace parked::cli
