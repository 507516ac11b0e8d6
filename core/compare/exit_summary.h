// What all programs together left behind, of which `parked exec --report-dir` kept reports.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "compare/exit_report.h"

namespace parked::compare {

/// Those of one fingerprint, of all programs.
struct Summed {
  Leftover leftover;               ///< the gravest, with the count of all
  std::set<std::string> packages;  ///< in which it was left
  std::set<std::string> tests;     ///< of all of them
};

struct ExitSummary {
  struct Unread {
    std::string file;
    std::string why;
  };
  std::uint64_t programs = 0;           ///< that were looked at
  std::uint64_t leaking = 0;            ///< with something left behind
  std::vector<std::string> unproved;    ///< packages without a proof, once for each program
  std::vector<std::string> incomplete;  ///< packages of which something could not be read
  std::string withheld;                 ///< why the first one has no proof
  std::vector<Unread> unread;           ///< files that are no such reports
  std::vector<Summed> leftovers;        ///< the gravest first, then the most
  /// The gravest of what the reports counted from: what is less grave is not in all of them.
  leak::Verdict verdict{};
};

/// Reads the files NAME.json of the folder, not of those below it, by name. An error if the folder
/// cannot be read, has no such file, or `cancelled` says so.
Result<ExitSummary> summarise(const std::string& folder, const std::function<bool()>& cancelled);

}  // namespace parked::compare
