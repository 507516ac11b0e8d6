// The lines of source that places name, where the files are at hand.
//
// The paths come from the target, which is not to be trusted, and may be of another machine: a file
// is read only if its name says that it is Go's or assembler's, it is a regular file of a bounded
// size, and what is behind a link is the same kind of file. Whoever prints a line escapes it.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "leak/code.h"
#include "leak/places.h"

namespace parked::report {

/// FROM=TO of --source-path: a folder, or the path of a module (-trimpath), is found at another.
using SourcePaths = std::vector<std::pair<std::string, std::string>>;

struct SourceLine {
  std::string text;    ///< without the blanks around it, cut to a bounded length; never empty
  bool newer = false;  ///< the file was written after the program: the line may be another
};

/// Where Go keeps what programs are built of, on this machine.
struct GoFolders {
  std::string moduleCache;           ///< "" if there is none
  std::vector<std::string> goRoots;  ///< each may be of another release, or not exist
  /// As the go command finds them: GOMODCACHE, GOPATH, HOME, GOROOT; and where Debian has them.
  static GoFolders fromEnvironment(std::string_view goVersion, std::string_view goArch);
};

class SourceLines {
 public:
  /// `code` says where the standard library was when the program was built, `goVersion` of which
  /// release it is ("go1.26.8"); `builtAt`: when the executable was written, 0 if that is not
  /// known.
  SourceLines(const leak::Code& code, std::string goVersion, std::time_t builtAt, SourcePaths paths,
              GoFolders folders);
  SourceLines(const SourceLines&) = delete;
  SourceLines& operator=(const SourceLines&) = delete;
  ~SourceLines() = default;

  /// None where the file is not at hand, has no such line, or the line is blank.
  std::optional<SourceLine> of(std::string_view file, std::int32_t line);
  std::optional<SourceLine> of(const leak::Place& place) { return of(place.file, place.line); }

 private:
  struct File {
    std::string content;
    std::vector<std::size_t> starts;  ///< of its lines
    bool newer = false;
  };
  /// A file to try; what a version names does not change.
  struct Candidate {
    std::string path;
    bool versioned = false;
  };
  std::vector<Candidate> candidates(std::string_view file) const;
  void addStandard(std::string_view inSrc, std::vector<Candidate>& out) const;
  File load(std::string_view file);
  bool isRelease(const std::string& goRoot) const;

  const leak::Code& code_;
  std::string goVersion_;
  std::time_t builtAt_;
  SourcePaths paths_;
  GoFolders folders_;
  std::size_t loaded_ = 0;  ///< bytes in all
  std::unordered_map<std::string, File> files_;
};

}  // namespace parked::report
