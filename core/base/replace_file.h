// Writing a file as a whole.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace parked {

/// Whoever reads `path` meanwhile sees what was there before or all of `text`, never a part: it is
/// written beside it and renamed. What is there and no regular file (a pipe, /dev/stdout) is
/// written to. An error names the file and says why.
Result<void> replaceFile(const std::string& path, std::string_view text);

/// The same with a file that is not there yet. False: there is one of that name, which stays as it
/// is. Of several that write at once, one has the name.
Result<bool> addFile(const std::string& path, std::string_view text);

}  // namespace parked
