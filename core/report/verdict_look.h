// How a verdict looks, and what it weighs, in every form that a report is given in.
#pragma once

#include <string_view>

#include "leak/verdict.h"
#include "report/page.h"

namespace parked::report {

struct VerdictLook {
  leak::Verdict value;
  Ink ink = Ink::plain;    ///< on a terminal
  std::string_view fill;   ///< of a box in a graph: "#f4b6b6"
  std::string_view level;  ///< of an alert, in the words of those who collect them
  std::string_view title;  ///< of an alert about a group that no rule fits
};

const VerdictLook& lookOf(leak::Verdict verdict);

}  // namespace parked::report
