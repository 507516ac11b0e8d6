// The modules of a program, as its build information lists them.
// Mirrors runtime/debug.BuildInfo.String (runtime/debug/mod.go), Go 1.18 to 1.27.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "target/elf_file.h"

namespace parked::image {

/// A module whose packages are in the program: a line "mod" or "dep".
struct BuildModule {
  std::string path;                  ///< as its packages are imported
  std::string version;               ///< "v1.2.3"; "(devel)" of what was built from a directory
  bool main = false;                 ///< the one that was built, or another of the same workspace
  bool replacedByDirectory = false;  ///< a replace directive of go.mod names a directory
};

/// Of the lines of the module information.
std::vector<BuildModule> parseBuildModules(std::string_view text);

/// None if the program was built without modules, or is not Go's.
std::vector<BuildModule> readBuildModules(const target::ElfFile& executable);

}  // namespace parked::image
