// Shapes: the compiler makes one generic function for all types that look alike in memory.
#pragma once

#include <string>
#include <string_view>

namespace parked::image {

/// "chan []~int" of "chan []go.shape.int_0", as 1.18 and 1.19 name the type of a value that a
/// generic function made: which type of that shape it was is not noted, and "~int" is what Go's
/// constraints call them all. Any pointer is "*T".
std::string withoutShapes(std::string_view type);

}  // namespace parked::image
