// What could not be read. Every pass writes here instead of guessing; the report prints it as
// "incomplete: …" and the CLI's exit code becomes 3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace parked {

/// Incomplete::what of what was not read because the user asked to stop.
inline constexpr std::string_view kInterrupted = "interrupted";

/// One kind of damage, counted: a thousand goroutines whose stack lies in a hole are one entry.
struct Incomplete {
  std::string what;         ///< "stack", "channel", "timer heap": the thing that was not read
  std::string detail;       ///< why, in one clause: "stack memory is not in the core"
  std::uint64_t count = 0;  ///< how many times
  Addr firstAddress = 0;    ///< address of the first case, 0 if none
};

class IncompleteList {
 public:
  void add(std::string_view what, std::string_view detail, Addr address = 0) {
    for (auto& entry : entries_) {
      if (entry.what == what && entry.detail == detail) {
        ++entry.count;
        return;
      }
    }
    entries_.push_back({std::string(what), std::string(detail), 1, address});
  }
  /// What another list had.
  void add(const Incomplete& entry) {
    add(entry.what, entry.detail, entry.firstAddress);
    for (auto& each : entries_) {
      if (each.what == entry.what && each.detail == entry.detail) each.count += entry.count - 1;
    }
  }
  const std::vector<Incomplete>& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<Incomplete> entries_;
};

}  // namespace parked
