// What a core lacks when nothing can be found in it.
#pragma once

#include <string>

#include "target/target.h"

namespace parked::image {

/// Which of the executable's variables are not in the target's memory, in one clause; "" if all
/// are.
std::string missingVariables(target::Target& target);

}  // namespace parked::image
