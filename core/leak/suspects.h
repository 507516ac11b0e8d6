// The rules that make blocked goroutines SUSPECT by number and age (Thresholds).
#pragma once

#include <cstdint>
#include <span>

#include "base/observer.h"
#include "leak/analysis.h"

namespace parked::leak {

/// Judges the groups of an analysis whose goroutines are WAITING so far.
class Suspects {
 public:
  Suspects(Analysis& analysis, Observer* observer) : analysis_(analysis), observer_(observer) {}

  void raise();

 private:
  /// Of members of a group: how many there are, and how old.
  struct Numbers {
    std::uint64_t count = 0, settled = 0, old = 0;
  };
  /// Why so many of the group are SUSPECT, or Why::none.
  Why suspicion(const Group& group, const Numbers& numbers) const;
  void judgeUnpaired(const Group& group, std::span<const Index> partners);
  void judgeMembers(Group& group, Verdict verdict, Why why);

  Analysis& analysis_;
  Observer* observer_;
};

}  // namespace parked::leak
