// What a report raises, one entry each, for the formats that other tools act on (SARIF, JUnit,
// annotations): findings, and groups that leak without one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/model.h"

namespace parked::report {

struct Alert {
  std::string_view rule;   ///< "PK005", or the verdict where no rule fits
  std::string_view title;  ///< a few words
  leak::Verdict verdict{};
  std::string message;                ///< what was found, one sentence without a final stop
  std::string_view fix;               ///< what to change; "" where no rule fits
  std::vector<std::string> evidence;  ///< a line each
  leak::Place place;                  ///< the user's line that blocks; empty if not known
  leak::Place creator;                ///< the go statement; empty if not known
  std::vector<std::string> tests;     ///< that left it behind; none if that is not known
  std::string fingerprint;
  std::uint64_t count = 0;  ///< goroutines, timers, connections …
  bool known = false;       ///< the baseline lists it
};

/// Groups with their findings in the order of the report, then findings about resources. The
/// allow-list has taken out what it quiets; of a program at its end those that wait for tests are
/// none.
std::vector<Alert> alertsOf(const Report& report);

/// What limits the answer, a sentence each: what could not be read, and why nothing was proved.
/// Empty: nothing does.
std::vector<std::string> limitsOf(const Report& report);
/// The same before there is a report; `proof` is null if nobody asked for one.
std::vector<std::string> limitsOf(const std::vector<Incomplete>& incomplete,
                                  const proof::Proof* proof);

/// "3 goroutines are blocked in chan send at main.f …: …", with evidence and fix, a line each.
std::string alertText(const Alert& alert);

}  // namespace parked::report
