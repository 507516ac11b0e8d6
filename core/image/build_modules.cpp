#include "image/build_modules.h"

#include <cstddef>
#include <utility>

namespace parked::image {

namespace {

/// The part of a line up to the next tab, which is taken off with it.
std::string_view takeColumn(std::string_view& line) {
  const std::size_t end = line.find('\t');
  const std::string_view column = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return column;
}

/// "M\tV\tsum" of a line "mod" or "dep". The modules of a workspace and, of `go build main.go`, the
/// main one are dependencies that were built from a directory.
BuildModule moduleOf(std::string_view line, bool main) {
  BuildModule module;
  module.path = takeColumn(line);
  module.version = takeColumn(line);
  module.main = main || module.version == "(devel)";
  return module;
}

}  // namespace

std::vector<BuildModule> parseBuildModules(std::string_view text) {
  std::vector<BuildModule> modules;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::string_view word = takeColumn(line);
    if (word == "mod" || word == "dep") {
      modules.push_back(moduleOf(line, word == "mod"));
    } else if (word == "=>" && !modules.empty()) {
      // What replaces the module before; of a directory, this is its path.
      modules.back().replacedByDirectory = line.starts_with('.') || line.starts_with('/');
    }
  }
  return modules;
}

}  // namespace parked::image
