#include "report/sort.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numeric>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "base/closest.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

struct NamedKey {
  std::string_view name;
  SortKey key;
  bool ofGoroutines = true;
};

constexpr std::array kKeys = {
    NamedKey{"count", SortKey::count, false}, NamedKey{"verdict", SortKey::verdict},
    NamedKey{"wait", SortKey::wait},          NamedKey{"retained", SortKey::retained, false},
    NamedKey{"reason", SortKey::reason},      NamedKey{"place", SortKey::place},
    NamedKey{"rule", SortKey::rule, false},   NamedKey{"id", SortKey::id},
};

/// Ascending by number, then by text. Numbers of which the largest comes first are negative.
using Rank = std::tuple<std::int64_t, std::string_view, std::string_view, std::int64_t>;

/// The texts that ranks have: of a million goroutines there are a few.
class RankTexts {
 public:
  std::string_view keep(std::string text) { return *all_.insert(std::move(text)).first; }

 private:
  std::unordered_set<std::string> all_;
};

Rank largestFirst(std::uint64_t number) { return {-static_cast<std::int64_t>(number), "", "", 0}; }
Rank smallestFirst(std::uint64_t number) { return {static_cast<std::int64_t>(number), "", "", 0}; }

/// What has no place comes last.
Rank rankOf(const leak::Place& place, RankTexts& texts) {
  return {place.function.empty() ? 1 : 0, texts.keep(place.shownFunction()), place.file,
          place.line};
}

Rank byName(std::string_view name) { return {name.empty() ? 1 : 0, name, "", 0}; }

Rank rankOf(const Report& report, Index goroutine, SortKey key, RankTexts& texts) {
  const leak::Analysis& analysis = *report.analysis;
  switch (key) {
    case SortKey::verdict:
      return largestFirst(static_cast<std::uint64_t>(analysis.info(goroutine).verdict));
    case SortKey::wait:
      return largestFirst(static_cast<std::uint64_t>(analysis.waitAtLeast(goroutine)));
    case SortKey::reason:
      return byName(texts.keep(reasonText(analysis, goroutine)));
    case SortKey::place:
      return rankOf(analysis.place(analysis.userLine(goroutine).user), texts);
    case SortKey::id:
      return smallestFirst(report.snapshot->goroutines[goroutine].id);
    default:
      return {};
  }
}

Rank rankOf(const Report& report, std::size_t number, const leak::Group& group, SortKey key,
            RankTexts& texts) {
  switch (key) {
    case SortKey::count:
      return largestFirst(group.count);
    case SortKey::verdict:
      return largestFirst(static_cast<std::uint64_t>(group.verdict));
    case SortKey::wait:
      return largestFirst(static_cast<std::uint64_t>(group.longestWait));
    case SortKey::retained: {
      if (number >= report.holdings.owners.size()) return {};
      const proof::Holding& holding = report.holdings.owners[number];
      return largestFirst(holding.stackBytes + holding.heapBytes);
    }
    case SortKey::rule: {
      const rules::Finding* finding = findingOf(report, group);
      return byName(finding == nullptr ? "" : rules::ruleOf(finding->rule).name);
    }
    case SortKey::id: {
      const auto members = report.grouping.membersOf(group);
      return members.empty() ? Rank() : rankOf(report, members.front(), key, texts);
    }
    default:
      return rankOf(report, group.example, key, texts);
  }
}

Rank rankOf(const Report& report, const rules::Finding& finding, SortKey key, RankTexts& texts) {
  switch (key) {
    case SortKey::count:
      return largestFirst(finding.count);
    case SortKey::verdict:
      return largestFirst(static_cast<std::uint64_t>(finding.verdict));
    case SortKey::place:
      return rankOf(finding.place, texts);
    case SortKey::rule:
      return byName(rules::ruleOf(finding.rule).name);
    case SortKey::id:
      return finding.goroutines.empty() ? Rank()
                                        : rankOf(report, finding.goroutines.front(), key, texts);
    default:
      return {};
  }
}

/// The new order of `count` things: the number of each.
template <class RankAt>
std::vector<std::size_t> orderBy(std::size_t count, const RankAt& rankAt) {
  std::vector<Rank> ranks;
  ranks.reserve(count);
  for (std::size_t i = 0; i < count; ++i) ranks.push_back(rankAt(i));
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return ranks[a] < ranks[b]; });
  return order;
}

/// What was in front for a reason of its own comes back there.
void putFirst(std::vector<std::size_t>& order, std::size_t number) {
  const auto at = std::ranges::find(order, number);
  std::rotate(order.begin(), at, at + 1);
}

void sortFindings(Report& report, SortKey key) {
  RankTexts texts;
  const auto order = orderBy(report.findings.size(), [&](std::size_t i) {
    return rankOf(report, report.findings[i], key, texts);
  });
  std::vector<rules::Finding> sorted;
  std::vector<std::size_t> placeOf(order.size());
  for (const std::size_t number : order) {
    placeOf[number] = sorted.size();
    sorted.push_back(std::move(report.findings[number]));
  }
  report.findings = std::move(sorted);
  for (auto* index : {&report.findingIndex.ofGroup, &report.findingIndex.ofGoroutine}) {
    for (auto& [of, place] : *index) place = placeOf[place];
  }
}

}  // namespace

std::vector<std::string_view> sortKeys(bool ofGoroutines) {
  std::vector<std::string_view> names;
  for (const NamedKey& each : kKeys) {
    if (each.ofGoroutines || !ofGoroutines) names.push_back(each.name);
  }
  return names;
}

Result<SortKey> parseSortKey(std::string_view name, bool ofGoroutines) {
  const auto at = std::ranges::find(kKeys, name, &NamedKey::name);
  if (at != kKeys.end() && (at->ofGoroutines || !ofGoroutines)) return at->key;
  if (at != kKeys.end()) {
    return fail(ErrorCode::usage, fmt::format("--sort {} is of groups: add --group stack, or "
                                              "sort by one of {}",
                                              name, fmt::join(sortKeys(true), ", ")));
  }
  const auto names = sortKeys(ofGoroutines);
  return fail(ErrorCode::usage, fmt::format("--sort '{}': expected one of {}.{}", name,
                                            fmt::join(names, ", "), didYouMean(name, names)));
}

void sortGroups(Report& report, SortKey key) {
  if (key == SortKey::byDefault) return;
  auto& groups = report.grouping.groups;
  RankTexts texts;
  auto order = orderBy(groups.size(),
                       [&](std::size_t i) { return rankOf(report, i, groups[i], key, texts); });
  if (crashGroup(report) != nullptr) putFirst(order, 0);
  std::vector<leak::Group> sorted;
  std::vector<Index> placeOf(order.size());
  for (const std::size_t number : order) {
    placeOf[number] = static_cast<Index>(sorted.size());
    sorted.push_back(groups[number]);
  }
  // One more than there are groups: what belongs to none of them.
  if (auto& owners = report.holdings.owners; owners.size() > groups.size()) {
    std::vector<proof::Holding> held;
    for (const std::size_t number : order) held.push_back(owners[number]);
    held.insert(held.end(), owners.begin() + static_cast<std::ptrdiff_t>(order.size()),
                owners.end());
    for (proof::Holding& holding : held) {
      if (holding.cause < placeOf.size()) holding.cause = placeOf[holding.cause];
    }
    owners = std::move(held);
  }
  groups = std::move(sorted);
  sortFindings(report, key);
}

void sortGoroutines(Report& report, SortKey key) {
  if (key == SortKey::byDefault || key == SortKey::id) return;
  RankTexts texts;
  const auto order = orderBy(report.goroutines.size(), [&](std::size_t i) {
    return rankOf(report, report.goroutines[i], key, texts);
  });
  std::vector<Index> sorted;
  sorted.reserve(order.size());
  for (const std::size_t number : order) sorted.push_back(report.goroutines[number]);
  report.goroutines = std::move(sorted);
}

}  // namespace parked::report
