// Places of the source for tools that look for the file.
#pragma once

#include <string>
#include <string_view>

namespace parked::report {

/// A path of a binary as a URI reference (RFC 3986): absolute ones are "file:///src/main.go",
/// others, of builds with -trimpath, stay relative. Everything that is not allowed is escaped.
std::string sourceUri(std::string_view path);

}  // namespace parked::report
