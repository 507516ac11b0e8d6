// Writing a file as a whole.
#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>

#include "base/error.h"

namespace parked {

/// Whoever reads `path` meanwhile sees what was there before or all of `text`, never a part: it is
/// written beside it and renamed. What is there and no regular file (a pipe, /dev/stdout) is
/// written to. An error names the file and says why.
Result<void> replaceFile(const std::string& path, std::string_view text);

/// The same with a file that is not there yet. False: there is one of that name, which stays as it
/// is. Of several that write at once, one has the name.
Result<bool> addFile(const std::string& path, std::string_view text);

/// A file that is written piece by piece. Nobody sees a part of it: it gets its name at the end, or
/// is gone with the object. Where the file system can, it has no name at all until then, so that
/// nothing of it is left when the program is killed; else it is written beside its name.
class NewFile {
 public:
  /// `mode` is that of chmod(2), whatever the umask. What is there and no regular file is written
  /// to. An error names the file and says why.
  static Result<NewFile> make(const std::string& path, mode_t mode);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&& other) = delete;
  ~NewFile();

  int descriptor() const { return file_; }
  /// Gives it its name; nothing may be written any more.
  Result<void> finish();

 private:
  NewFile(std::string path, std::string target, std::string beside, int file);

  std::string path_;
  std::string target_;  ///< what it is to be called; empty: it is written in place
  std::string beside_;  ///< its name until then; empty: it has none
  int file_ = -1;
};

}  // namespace parked
