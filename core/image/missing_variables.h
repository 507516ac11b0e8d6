// What a core lacks when nothing can be found in it.
#pragma once

#include <optional>
#include <string>

#include "target/target.h"

namespace parked::image {

/// Which of the executable's variables are not in the target's memory, in one clause;
/// nullopt if all are.
std::optional<std::string> missingVariables(target::Target& target);

}  // namespace parked::image
