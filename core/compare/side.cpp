#include "compare/side.h"

#include <algorithm>

namespace parked::compare {

void Entry::add(const Entry& other) {
  if (count == 0 || other.verdict > verdict) {
    verdict = other.verdict;
    title = other.title;
    function = other.function;
    file = other.file;
    line = other.line;
    creator = other.creator;
  }
  if (rule.empty()) rule = other.rule;
  if (group.empty()) group = other.group;
  system = count == 0 ? other.system : system && other.system;
  count += other.count;
  places.insert(other.places.begin(), other.places.end());
  leakingPlaces.insert(other.leakingPlaces.begin(), other.leakingPlaces.end());
}

bool sameProcess(const Side& a, const Side& b) {
  return a.pid != 0 && a.pid == b.pid && a.startedNs != 0 && a.startedNs == b.startedNs &&
         a.buildId == b.buildId && a.program == b.program;
}

}  // namespace parked::compare
