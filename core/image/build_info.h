// The Go version and build settings of the executable.
// Mirrors debug/buildinfo and cmd/internal/... : section .go.buildinfo, Go 1.18 to 1.27.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "target/target.h"

namespace parked::image {

/// A Go version as the toolchain writes it: "go1.22.12 X:noallocheaders",
/// "go1.26.8-X:nogreenteagc", "devel go1.28-abcdef Tue …", with vendors' suffixes.
struct GoVersion {
  int minor = 0;                         ///< the N of go1.N
  int patch = 0;                         ///< the P of go1.N.P, 0 if absent
  bool development = false;              ///< a "devel" build
  std::vector<std::string> experiments;  ///< names behind X:, in order
  std::string text;                      ///< as found

  bool experiment(std::string_view name) const;  ///< X: names it
};

/// nullopt when the text does not carry go1.N.
std::optional<GoVersion> parseGoVersion(std::string_view text);

struct BuildInfo {
  GoVersion version;
  std::string path;    ///< main package path ("path" line), "" if absent
  std::string module;  ///< main module path and version, "" if absent
  std::vector<std::pair<std::string, std::string>>
      settings;  ///< "build" lines: GOARCH, -ldflags, …

  std::string_view setting(std::string_view key) const;  ///< "" if absent
};

Result<BuildInfo> readBuildInfo(target::Target& target);

}  // namespace parked::image
