// What is different between two reports.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compare/side.h"

namespace parked::compare {

/// Each has a row in difference.cpp.
enum class Change : std::uint8_t { added, grown, shrunk, gone, same };
/// "new", "grown", "shrunk", "gone", "same".
std::string_view changeName(Change change);

struct Changed {
  std::string fingerprint;
  Change change = Change::same;
  Entry before, after;            ///< with count 0 where there is none
  std::uint64_t stillParked = 0;  ///< goroutines of the group that stayed where they were
  const Entry& entry() const { return after.count > 0 ? after : before; }
};

struct Difference {
  bool sameProcess = false;
  /// New ones first, then as in the enumeration; graver and larger ones first among them. Groups
  /// without those of the runtime's own goroutines.
  std::vector<Changed> findings, groups;
  /// Ids of goroutines that wait on the same objects on both sides, ascending; none if it is not
  /// the same process.
  std::vector<std::uint64_t> stillParked;
};

Difference differenceOf(const Side& before, const Side& after);

}  // namespace parked::compare
