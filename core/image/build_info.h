// The Go version and build settings of the executable.
// Mirrors debug/buildinfo and cmd/link (buildinfo.go): section .go.buildinfo, Go 1.18 to 1.27.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "target/elf_file.h"

namespace parked::image {

/// The oldest release that parked reads: go1.18.
inline constexpr int kOldestGoMinor = 18;
/// The newest release that parked was checked against, the N of go1.N: the newest of the shipped
/// tables (core/layouts/releases.txt).
int newestGoMinor();

/// A Go version as the toolchain writes it: "go1.22.12 X:noallocheaders",
/// "go1.26.8-X:nogreenteagc", "devel go1.28-abcdef Tue …", with vendors' suffixes.
struct GoVersion {
  int minor = 0;                         ///< the N of go1.N
  int patch = 0;                         ///< the P of go1.N.P, 0 if absent
  bool development = false;              ///< a "devel" build
  std::vector<std::string> experiments;  ///< names behind X:, in order
  std::string suffix;                    ///< what a release of go.dev does not have: "rc1", a
                                         ///< vendor's or a commit's name
  std::string text;                      ///< as found

  bool experiment(std::string_view name) const;  ///< X: names it
  /// Made by a Go that did not exist when this was written: it is read by its own DWARF, and a
  /// report says so.
  bool newerThanKnown() const { return minor > newestGoMinor(); }
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

/// Parses the bytes from the magic of .go.buildinfo on. Errors: badFormat for damage, unsupported
/// for the pointer form of Go 1.17 and older and for versions before 1.18. `file` names the
/// executable in messages.
Result<BuildInfo> parseBuildInfo(std::span<const std::byte> bytes, std::string_view file);

/// Finds the build information of an executable: the section .go.buildinfo, or, without section
/// headers, its magic in a writable segment. badFormat when it is not a Go program.
Result<BuildInfo> readBuildInfo(const target::ElfFile& executable);

}  // namespace parked::image
