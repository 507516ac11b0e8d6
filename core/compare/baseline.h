// A list of known leaks, by fingerprint (docs/triage.md).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "compare/side.h"
#include "leak/verdict.h"

namespace parked::compare {

inline constexpr std::string_view kBaselineSchema = "parked-baseline/1";

class Baseline {
 public:
  /// What is known of one fingerprint.
  struct Known {
    leak::Verdict verdict{};    ///< the gravest
    std::uint64_t places = 0;   ///< different functions, closures told apart
    std::uint64_t leaking = 0;  ///< of them those that were SUSPECT or graver
  };

  /// Reads what --write-baseline wrote, or a report (--json, --jsonl). A file that is neither is an
  /// error that names it.
  static Result<Baseline> read(const std::string& file);

  /// Whether it lists as many places of that fingerprint, no less grave ones: a leak is not excused
  /// by what only waited when the list was made.
  bool hasGroup(const std::string& fingerprint, const Known& now) const;
  bool hasFinding(const std::string& fingerprint, const Known& now) const;
  bool empty() const { return groups_.empty() && findings_.empty(); }

 private:
  using Table = std::map<std::string, Known>;
  static bool has(const Table& table, const std::string& fingerprint, const Known& now);

  Table groups_, findings_;
};

/// Sets Entry::known of all that the baseline lists.
void markKnown(const Baseline& baseline, Side& side);

}  // namespace parked::compare
