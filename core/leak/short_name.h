// Names of types that are too long for a line of text.
#pragma once

#include <string>
#include <string_view>

namespace parked::leak {

/// The name, or what holds a name of a type ("main.x (global struct { … })"), in about 60 columns
/// if it is longer: structs written out are "struct {...}", paths of packages lose all but their
/// last element, and what is left over is cut out of the middle.
std::string shortName(std::string_view name);

/// "[]utils.Element[quic.key]" of "[]example.org/utils.Element[example.org/quic.key]".
std::string withoutPaths(std::string_view name);

}  // namespace parked::leak
