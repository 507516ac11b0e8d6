// Which shipped layout tables come into question for a Go version.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/build_info.h"

namespace parked::image {

/// Numbers of sets in sets.txt are text.
using TableSet = std::string_view;

struct TableChoice {
  /// The version, its experiments and the architecture are the table's, or lie between two patch
  /// releases whose tables are the same. Everything else must be checked against the target.
  bool exact = false;
  std::string release;            ///< "go1.24.9"
  TableSet base;                  ///< of the release as it comes
  std::vector<TableSet> changed;  ///< of each of its experiments that changes a layout
  std::string origin;             ///< for the report's header
};

/// The tables for a version, best first: the release itself; else the patch releases of its minor
/// version, nearest first; for a minor version newer than all, the newest release. `releases` is
/// core/layouts/releases.txt. Errors: unsupported when there is none, badFormat for damage.
Result<std::vector<TableChoice>> chooseTables(const GoVersion& version, std::string_view arch,
                                              std::string_view releases);

}  // namespace parked::image
