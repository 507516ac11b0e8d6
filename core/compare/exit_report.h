// What `parked exec --report-dir` has kept of one program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "leak/verdict.h"

namespace parked::compare {

/// A finding, or a group that leaks without one, which `parked exec` counted.
struct Leftover {
  std::string fingerprint;
  std::string rule;   ///< "PK005"; "" where no rule fits
  std::string title;  ///< of the rule; else the wait reason, or the state
  leak::Verdict verdict{};
  std::uint64_t count = 0;  ///< goroutines, timers, connections …
  std::string function, file;
  std::int64_t line = 0;           ///< of the user's frame
  std::string creator;             ///< function with the go statement; "" if not known
  std::vector<std::string> tests;  ///< that left it; none if that is not known
};

struct ExitReport {
  /// Import path of the tested package, or of the main package; else the name of the executable,
  /// which tests of older Go releases have alone.
  std::string package;
  std::vector<Leftover> leftovers;
  leak::Verdict verdict{};  ///< what has this one or a graver one was counted
  std::string withheld;     ///< why nothing was proved; "" if the proof was given
  bool incomplete = false;  ///< something could not be read
};

/// Of a program with several Go runtimes all of them. An error if the file is no such report.
Result<ExitReport> readExitReport(const std::string& file);

}  // namespace parked::compare
