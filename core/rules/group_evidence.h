// What rules about a group of stuck goroutines go by, and how they say it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "rules/findings.h"

namespace parked::rules {

/// What the members of a group wait on, taken together.
struct Evidence {
  const golang::Snapshot& snapshot;
  std::uint64_t members = 0;
  std::uint64_t crowded = 0;  ///< members that are one of several senders of their channel
  std::uint64_t full = 0;     ///< members that send to a channel whose buffer is full
  const golang::Channel* channel = nullptr;  ///< of the first member that has one
};

inline std::string goroutines(const Evidence& evidence) {
  return counted(evidence.members, "goroutine");
}
inline std::string_view verb(const Evidence& evidence, std::string_view one,
                             std::string_view many) {
  return evidence.members == 1 ? one : many;
}

/// True, so that a rule ends with it.
inline bool set(Finding& finding, RuleId rule, std::string sentence) {
  finding.rule = rule;
  finding.sentence = std::move(sentence);
  return true;
}

}  // namespace parked::rules
