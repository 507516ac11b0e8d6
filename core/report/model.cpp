#include "report/model.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "arch/architecture.h"
#include "golang/clock.h"
#include "report/baseline.h"
#include "target/elf_file.h"

namespace parked::report {

namespace {

Census takeCensus(const leak::Analysis& analysis) {
  Census census;
  const golang::Snapshot& snapshot = analysis.snapshot();
  census.total = snapshot.goroutines.size();
  census.dead = snapshot.deadGoroutines;
  census.unread = snapshot.unreadGoroutines;
  for (Index i = 0; i < snapshot.goroutines.size(); ++i) {
    const golang::Goroutine& goroutine = snapshot.goroutines[i];
    switch (leak::stateOf(goroutine)) {
      case leak::State::running:
        ++census.running;
        break;
      case leak::State::runnable:
        ++census.runnable;
        break;
      case leak::State::syscall:
        ++census.syscall;
        if (analysis.inC(i)) ++census.inC;
        break;
      case leak::State::blocked:
        ++census.blocked;
        break;
      case leak::State::other:
        ++census.other;
        break;
    }
    if (goroutine.system) {
      ++census.system;
    } else {
      ++census.byVerdict[static_cast<std::size_t>(analysis.info(i).verdict)];
    }
  }
  return census;
}

/// A report may have as many findings as groups: they are not searched for each group.
FindingIndex indexOf(const std::vector<rules::Finding>& findings) {
  FindingIndex index;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    if (findings[i].group != kNone) {
      index.ofGroup.try_emplace(findings[i].group, i);
      continue;
    }
    for (const Index goroutine : findings[i].goroutines) {
      index.ofGoroutine.try_emplace(goroutine, i);
    }
  }
  return index;
}

/// Whoever looks at a core wants to know first why the program died.
void putCrashFirst(Report& report) {
  auto& groups = report.grouping.groups;
  const auto at = std::ranges::find_if(groups, [&](const leak::Group& group) {
    return std::ranges::binary_search(report.grouping.membersOf(group),
                                      report.snapshot->crash->goroutine);
  });
  if (at != groups.end()) std::rotate(groups.begin(), at, at + 1);
}

bool diedInGoroutine(const Report& report) {
  const auto& crash = report.snapshot->crash;
  return crash && !crash->fromOutside && crash->goroutine != kNone;
}

}  // namespace

const leak::Group* crashGroup(const Report& report) {
  if (!diedInGoroutine(report) || report.grouping.groups.empty()) return nullptr;
  const leak::Group& first = report.grouping.groups.front();
  return std::ranges::binary_search(report.grouping.membersOf(first),
                                    report.snapshot->crash->goroutine)
             ? &first
             : nullptr;
}

TargetInfo describeTarget(const golang::Snapshot& snapshot) {
  const image::Image& image = *snapshot.image;
  const target::Target& target = image.target();
  TargetInfo info;
  info.executable = target.executable().path();
  info.loadedBy = target.program();
  info.mainPackage = image.build().path;
  info.goVersion = image.build().version.text;
  info.newerGo = image.build().version.newerThanKnown();
  info.architecture = target.arch().name;
  info.buildId = image.buildId();
  info.source = target.description();
  info.kind = target.kind();
  info.redacted = image.target().memory().standIns().has_value();
  info.pid = target.pid();
  info.signal = target.signal();
  info.takenAt = target.wallTimeNs();
  info.pause = target.pause();
  info.layoutOrigin = image.layouts().origin();
  info.clockSource = snapshot.clock.source;
  info.clockIsLowerBound = golang::isLowerBound(snapshot.clock);
  info.threads = target.threads().size();
  info.gomaxprocs = snapshot.gomaxprocs;
  if (snapshot.clock.now > 0 && snapshot.clock.started > 0 &&
      snapshot.clock.now >= snapshot.clock.started) {
    info.upSince = snapshot.clock.now - snapshot.clock.started;
  }
  return info;
}

Result<Report> makeReport(const leak::Analysis& analysis, const Brought& brought, TargetInfo info,
                          std::vector<Incomplete> incomplete,
                          const std::vector<query::Filter>& filters, const query::GroupBy& groupBy,
                          Observer* observer) {
  auto chosen = query::chooseGoroutines(analysis, filters);
  if (!chosen) return tl::unexpected(chosen.error());
  Report report;
  report.snapshot = &analysis.snapshot();
  report.analysis = &analysis;
  report.resources = brought.resources;
  report.sections = brought.sections;
  report.target = std::move(info);
  report.census = takeCensus(analysis);
  report.filtered = chosen->size() != report.snapshot->goroutines.size();
  report.goroutines = std::move(*chosen);
  report.groupBy = groupBy;
  report.grouping = !report.filtered && groupBy.byStack
                        ? analysis.grouping()
                        : query::group(analysis, report.goroutines, groupBy);
  if (diedInGoroutine(report)) putCrashFirst(report);
  report.keepers = std::make_shared<leak::Keepers>(analysis, observer);
  report.findings = rules::findAll({.analysis = analysis,
                                    .resources = brought.resources,
                                    .keepers = report.keepers.get(),
                                    .observer = observer,
                                    .sources = brought.rules});
  report.findingIndex = indexOf(report.findings);
  report.incomplete = std::move(incomplete);
  return report;
}

void applyAllowList(Report& report, const query::AllowList& list) {
  if (list.empty()) return;
  const leak::Analysis& analysis = *report.analysis;
  const std::vector<bool> quiet = list.quieted(analysis);
  std::vector<bool> groups(analysis.grouping().groups.size());
  const auto removed = std::erase_if(report.goroutines, [&](Index i) {
    if (quiet[i] && analysis.info(i).group < groups.size()) groups[analysis.info(i).group] = true;
    return quiet[i];
  });
  report.quietedGoroutines = removed;
  report.quietedGroups = static_cast<std::uint64_t>(std::ranges::count(groups, true));
  std::erase_if(report.findings, [&](const rules::Finding& finding) {
    if (list.quietsRule(rules::ruleOf(finding.rule).name)) return true;
    if (finding.group != kNone) {
      return static_cast<bool>(quiet[analysis.grouping().groups[finding.group].example]);
    }
    return !finding.goroutines.empty() &&
           std::ranges::all_of(finding.goroutines, [&](Index i) { return quiet[i]; });
  });
  report.findingIndex = indexOf(report.findings);
  if (removed == 0) return;
  report.grouping = query::group(analysis, report.goroutines, report.groupBy);
  if (diedInGoroutine(report)) putCrashFirst(report);
}

Decision decide(const Report& report, leak::Verdict verdict) {
  Decision decision;
  decision.verdict = verdict;
  const std::span<const golang::Goroutine> goroutines = report.snapshot->goroutines;
  // The group of one goroutine has others in it that nobody asked about.
  const auto chosen = [&](Index i) { return std::ranges::binary_search(report.goroutines, i); };
  for (std::size_t i = 0; i < report.grouping.groups.size(); ++i) {
    const leak::Group& group = report.grouping.groups[i];
    if (group.verdict < verdict) continue;
    const auto members = report.grouping.membersOf(group);
    const bool fails = std::ranges::any_of(members, [&](Index member) {
      return !goroutines[member].system && report.analysis->info(member).verdict >= verdict &&
             !isKnown(report, member) && chosen(member);
    });
    if (fails) decision.groups.push_back(i);
  }
  if (report.filtered) return decision;  // resources are nobody's
  for (const rules::Finding& finding : report.findings) {
    if (finding.group == kNone && finding.verdict >= verdict && !finding.known)
      decision.findings.push_back(&finding);
  }
  return decision;
}

const rules::Finding* findingOf(const Report& report, const leak::Group& group) {
  if (!report.groupBy.byStack || group.verdict < leak::Verdict::suspect) return nullptr;
  // Filters leave goroutines out; those that stay keep their stack, and with it their group.
  const Index known = report.analysis->info(group.example).group;
  const auto placeIn = [](const auto& index, Index key) {
    const auto at = index.find(key);
    return at != index.end() ? at->second : std::numeric_limits<std::size_t>::max();
  };
  const std::size_t first = std::min(placeIn(report.findingIndex.ofGroup, known),
                                     placeIn(report.findingIndex.ofGoroutine, group.example));
  return first < report.findings.size() ? &report.findings[first] : nullptr;
}

const leak::Keeper* keeperOf(const Report& report, const leak::Group& group) {
  if (!report.groupBy.byStack || report.keepers == nullptr) return nullptr;
  return report.keepers->of(report.analysis->info(group.example).group);
}

void onlyGroupOf(Report& report, Index goroutine) {
  report.goroutines = {goroutine};
  report.filtered = true;
  const leak::Grouping all = std::exchange(report.grouping, {});
  const std::vector<proof::Holding> held = std::exchange(report.holdings.owners, {});
  const auto take = [&](std::size_t number) {
    leak::Group group = all.groups[number];
    const auto members = all.membersOf(group);
    group.first = static_cast<Index>(report.grouping.members.size());
    report.grouping.members.insert(report.grouping.members.end(), members.begin(), members.end());
    report.grouping.groups.push_back(std::move(group));
    if (number >= held.size()) return;
    report.holdings.owners.push_back(held[number]);
    report.holdings.owners.back().cause = kNone;
  };
  const auto own = static_cast<std::size_t>(
      std::ranges::find_if(all.groups,
                           [&](const leak::Group& group) {
                             return std::ranges::binary_search(all.membersOf(group), goroutine);
                           }) -
      all.groups.begin());
  if (own == all.groups.size()) {  // the allow-list quiets it
    report.grouping = query::group(*report.analysis, report.goroutines);
  } else {
    take(own);
    const Index cause = own < held.size() ? held[own].cause : kNone;
    if (cause < all.groups.size()) {
      take(cause);
      report.holdings.owners.front().cause = 1;
    }
  }
  const Index group = report.analysis->info(goroutine).group;
  std::erase_if(report.findings, [&](const rules::Finding& finding) {
    return finding.group != kNone
               ? finding.group != group
               : std::ranges::find(finding.goroutines, goroutine) == finding.goroutines.end();
  });
  report.findingIndex = indexOf(report.findings);
}

void addCases(Report& report, Index goroutine, std::uint64_t limit, Observer* observer) {
  report.cases = leak::casesOf(*report.analysis, goroutine, limit, observer);
}

void addHoldings(Report& report, Observer* observer) {
  const proof::Proof* proof = report.analysis->options().proof;
  if (proof == nullptr || !proof->given()) return;
  const std::size_t groups = report.grouping.groups.size();
  // What a goroutine that is not shown keeps alive, too, is not kept alive by a group alone.
  std::vector<Index> owners(report.snapshot->goroutines.size(), static_cast<Index>(groups));
  for (Index g = 0; g < groups; ++g) {
    for (const Index member : report.grouping.membersOf(report.grouping.groups[g])) {
      owners[member] = g;
    }
  }
  report.holdings = proof::holdingsOf(*report.snapshot, *proof, owners, groups + 1, observer);
}

std::optional<std::int64_t> pauseNs(const TargetInfo& target) {
  const bool measured = target.kind == target::Kind::liveStopped && target.pause.count() > 0;
  return measured ? std::optional<std::int64_t>(target.pause.count()) : std::nullopt;
}

}  // namespace parked::report
