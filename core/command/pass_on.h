// Gives a core that is not kept to another program.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "parked/parked.h"

namespace parked::command {

/// The next bytes of the core, as many as fit; 0 at its end.
using CoreSource = std::function<Result<std::size_t>(std::span<std::byte>)>;

/// Runs `program` with `words` as its arguments and the core on its standard input, and waits until
/// it has ended. The exit code. Errors: io (it could not be started, or a signal ended it),
/// interrupted (it was killed then), and those of `source`.
Result<int> passOn(const std::string& program, const std::vector<std::string>& words,
                   const CoreSource& source, const Host& host);

}  // namespace parked::command
