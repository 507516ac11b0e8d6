// `parked exec`: runs a program and looks at it as it exits.
#pragma once

#include <string>
#include <vector>

namespace parked::cli {

/// Whether the words ask for it. It has to be known before a signal is handled: the program is to
/// have them as they were.
bool isExec(const std::vector<std::string>& words);

/// The exit code, where no program was started; else it does not return.
int exec(const std::vector<std::string>& words);

}  // namespace parked::cli
