#include "report/left_by.h"

#include <algorithm>

namespace parked::report {

namespace {

/// Of a group with a million members nobody waits for more, nor reads more names.
constexpr std::size_t kMembersAsked = 1000, kMostTests = 100;

}  // namespace

std::vector<std::string> LeftBy::of(const leak::Group& group) {
  std::vector<std::string> names;
  if (!tests_.ofTests() || group.system) return names;
  const auto members = report_.grouping.membersOf(group);
  for (const Index member : members.first(std::min(members.size(), kMembersAsked))) {
    if (names.size() == kMostTests) break;
    std::string name = tests_.of(member);
    if (!name.empty() && std::ranges::find(names, name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace parked::report
