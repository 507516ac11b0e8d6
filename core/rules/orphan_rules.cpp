// The rules about what still runs and nobody can stop.

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "leak/describe.h"
#include "leak/numbers.h"
#include "rules/findings.h"

namespace parked::rules {

namespace {

using leak::counted;
using leak::IslandKind;

constexpr std::size_t kExamples = 3;
constexpr std::size_t kPlaces = 5;

class Describer {
 public:
  Describer(const leak::Analysis& analysis, const IslandKind& kind)
      : analysis_(analysis),
        snapshot_(analysis.snapshot()),
        islands_(analysis.options().orphans->islands()),
        kind_(kind) {}

  Finding finding() const;

 private:
  const proof::Island& example() const { return islands_.all[kind_.islands.front()]; }
  Index oldest() const { return islands_.goroutinesOf(example()).front(); }
  bool isWorker() const {
    return kind_.goroutines == kind_.islands.size() && kind_.connections == 0;
  }
  leak::Place place() const;
  std::string sentence() const;
  void addPlaces(Finding& finding) const;
  void addDeadCase(Finding& finding) const;

  const leak::Analysis& analysis_;
  const golang::Snapshot& snapshot_;
  const proof::Islands& islands_;
  const IslandKind& kind_;
};

/// Where the user's code made the first of them.
leak::Place Describer::place() const {
  const leak::Origin origin = analysis_.origin(oldest());
  if (origin.kind != leak::OriginKind::none) return analysis_.place(origin.place);
  const leak::PlaceId creator = analysis_.info(oldest()).creator;
  if (creator != leak::kNoPlace) return analysis_.place(creator);
  return analysis_.place(analysis_.userLine(oldest()).user);
}

std::string Describer::sentence() const {
  const std::uint64_t islands = kind_.islands.size();
  std::string text = fmt::format("{} that nobody can {} any more",
                                 counted(islands, isWorker() ? "worker" : "client"),
                                 isWorker() ? "stop" : "close");
  if (kind_.goroutines != islands) {
    text += fmt::format(", with {}", counted(kind_.goroutines, "goroutine"));
  }
  if (kind_.connections != 0) text += fmt::format(", {}", counted(kind_.connections, "connection"));
  if (kind_.timers != 0) {
    text += fmt::format(", {} that {} again", counted(kind_.timers, "timer"),
                        kind_.timers == 1 ? "sets itself" : "set themselves");
  }
  text += fmt::format("; they keep {} alive (stacks {})",
                      leak::humanBytes(kind_.stackBytes + kind_.heapBytes),
                      leak::humanBytes(kind_.stackBytes));
  return text;
}

/// What runs in them, over all islands.
void Describer::addPlaces(Finding& finding) const {
  std::map<leak::PlaceId, std::uint64_t> counts;
  for (const Index goroutine : finding.goroutines) ++counts[analysis_.info(goroutine).start];
  std::vector<std::pair<std::uint64_t, leak::PlaceId>> places;
  for (const auto& [place, count] : counts) places.emplace_back(count, place);
  std::ranges::stable_sort(places, std::ranges::greater(),
                           &std::pair<std::uint64_t, leak::PlaceId>::first);
  for (std::size_t i = 0; i < std::min(kPlaces, places.size()); ++i) {
    finding.evidence.push_back(fmt::format("{} in {}", counted(places[i].first, "goroutine"),
                                           analysis_.place(places[i].second).function));
  }
  if (places.size() > kPlaces) {
    finding.evidence.push_back(
        fmt::format("and {}", counted(places.size() - kPlaces, "other function")));
  }
}

/// Of a worker alone, what should have stopped it.
void Describer::addDeadCase(Finding& finding) const {
  const golang::Goroutine& goroutine = snapshot_.goroutines[oldest()];
  const auto waits = snapshot_.waitsOf(goroutine);
  std::size_t said = 0;
  for (const golang::Wait& wait : waits) {
    if (wait.kind == golang::ObjectKind::timer || wait.kind == golang::ObjectKind::fd ||
        analysis_.tickerPeriod(wait.address) >= 0 || said++ == kExamples) {
      continue;
    }
    const std::string which = wait.inSelect && wait.caseIndex >= 0
                                  ? fmt::format("case {} of its select", wait.caseIndex + 1)
                              : wait.inSelect ? "a case of its select"
                                              : "its wait";
    finding.evidence.push_back(fmt::format("goroutine {}: nobody else can make {} ready: {} {}",
                                           goroutine.id, which, leak::opName(wait.op),
                                           leak::describeWait(snapshot_, wait)));
  }
}

Finding Describer::finding() const {
  Finding finding;
  finding.rule = isWorker() ? RuleId::workerOrphaned : RuleId::clientOrphaned;
  finding.verdict = leak::Verdict::orphan;
  finding.count = kind_.islands.size();
  for (const Index island : kind_.islands) {
    const auto members = islands_.goroutinesOf(islands_.all[island]);
    finding.goroutines.insert(finding.goroutines.end(), members.begin(), members.end());
  }
  finding.sentence = sentence();
  finding.place = place();
  if (isWorker()) {
    addDeadCase(finding);
  } else {
    addPlaces(finding);
  }
  finding.evidence.push_back(fmt::format("goroutine {}: {}", snapshot_.goroutines[oldest()].id,
                                         analysis_.sentence(oldest())));
  return finding;
}

}  // namespace

void orphanRules(const Context& context, std::vector<Finding>& findings) {
  for (const IslandKind& kind : context.analysis.islandKinds()) {
    if (kind.background != leak::Background::none) continue;
    findings.push_back(Describer(context.analysis, kind).finding());
  }
}

}  // namespace parked::rules
