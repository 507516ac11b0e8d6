#include "compare/difference.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/traits.h"

namespace parked::compare {

namespace {

constexpr std::array kChanges = {
    Named{Change::added, "new"}, Named{Change::grown, "grown"}, Named{Change::shrunk, "shrunk"},
    Named{Change::gone, "gone"}, Named{Change::same, "same"},
};
static_assert(isComplete(kChanges, Change::same));

Change changeOf(const Entry& before, const Entry& after) {
  if (before.count == 0) return Change::added;
  if (after.count == 0) return Change::gone;
  // One place more is no growth of the places that there were.
  if (after.places.size() > before.places.size() || after.count > before.count) {
    return Change::grown;
  }
  return after.count < before.count ? Change::shrunk : Change::same;
}

std::vector<Changed> changes(const Entries& before, const Entries& after) {
  std::vector<Changed> all;
  const auto add = [&](const std::string& fingerprint, const Entry& a, const Entry& b) {
    if (a.system || b.system) return;
    all.push_back({fingerprint, changeOf(a, b), a, b, 0});
  };
  static const Entry kNone;
  for (const auto& [fingerprint, entry] : after) {
    const auto at = before.find(fingerprint);
    add(fingerprint, at == before.end() ? kNone : at->second, entry);
  }
  for (const auto& [fingerprint, entry] : before) {
    if (!after.contains(fingerprint)) add(fingerprint, entry, kNone);
  }
  std::ranges::sort(all, [](const Changed& a, const Changed& b) {
    const Entry &x = a.entry(), &y = b.entry();
    return std::tie(a.change, y.verdict, y.count, a.fingerprint) <
           std::tie(b.change, x.verdict, x.count, b.fingerprint);
  });
  return all;
}

}  // namespace

std::string_view changeName(Change change) { return rowOf(kChanges, change).name; }

Difference differenceOf(const Side& before, const Side& after) {
  Difference difference;
  difference.sameProcess = sameProcess(before, after);
  difference.findings = changes(before.findings, after.findings);
  difference.groups = changes(before.groups, after.groups);
  if (!difference.sameProcess) return difference;
  std::map<std::string, std::uint64_t> still;
  auto old = before.parked.begin();
  for (const Parked& now : after.parked) {
    while (old != before.parked.end() && *old < now) ++old;
    if (old == before.parked.end()) break;
    if (now < *old) continue;
    difference.stillParked.push_back(now.id);
    ++still[now.group];
  }
  for (Changed& group : difference.groups) {
    const auto at = still.find(group.fingerprint);
    if (at != still.end()) group.stillParked = at->second;
  }
  for (Changed& finding : difference.findings) {
    const auto at = still.find(finding.entry().group);
    if (!finding.entry().group.empty() && at != still.end()) finding.stillParked = at->second;
  }
  return difference;
}

}  // namespace parked::compare
