#include "leak/suspects.h"

#include <algorithm>
#include <memory>

#include "leak/analysis.h"
#include "leak/group.h"
#include "leak/idle.h"
#include "leak/pairs.h"

namespace parked::leak {

using golang::ObjectKind;
using golang::ReasonClass;

namespace {

/// Blocked by design, however long and however many: an idle connection, a sleeper, the runtime.
bool mayWaitForever(ReasonClass reason, std::span<const golang::Wait> waits) {
  if (waits.empty()) return golang::traitsOf(reason).byDesign;
  return golang::traitsOf(waits.front().kind).outside;
}

bool isLock(std::span<const golang::Wait> waits) {
  return !waits.empty() && golang::traitsOf(waits.front().kind).exclusive;
}

/// Pairs, worked out when a first group asks: most programs have no group so large or old.
class Partners {
 public:
  Partners(const Analysis& analysis, Observer* observer)
      : analysis_(analysis), observer_(observer) {}

  /// As Pairs::of(); empty if nobody has a partner, or the heap is not readable.
  std::vector<Index> of(std::span<const Index> members) {
    if (!tried_) make();
    tried_ = true;
    if (!pairs_) return {};
    std::vector<Index> partners = pairs_->of(members);
    if (std::ranges::all_of(partners, [](Index i) { return i == kNone; })) partners.clear();
    return partners;
  }

 private:
  void make() {
    const golang::Snapshot& snapshot = analysis_.snapshot();
    if (snapshot.image == nullptr) return;  // made by hand
    const proof::Proof* proof = analysis_.options().proof;
    const heap::Heap* heap = proof != nullptr ? proof->heap() : nullptr;
    if (heap == nullptr) {
      auto opened = heap::Heap::open(*snapshot.image, observer_);
      if (!opened) return;
      own_ = std::move(*opened);
      heap = own_.get();
    }
    pairs_ = std::make_unique<Pairs>(snapshot, *heap, observer_);
  }

  const Analysis& analysis_;
  Observer* observer_;
  bool tried_ = false;
  std::unique_ptr<heap::Heap> own_;
  std::unique_ptr<Pairs> pairs_;
};

}  // namespace

Why Suspects::suspicion(const Group& group, const Numbers& numbers) const {
  const Thresholds& thresholds = analysis_.options_.thresholds;
  const golang::Goroutine& example = analysis_.snapshot_->goroutines[group.example];
  const auto waits = analysis_.snapshot_->waitsOf(example);
  if (mayWaitForever(analysis_.snapshot().reasonOf(example), waits)) return Why::none;
  if (numbers.count >= thresholds.count) return Why::many;
  if (group.why == Why::benign || group.why == Why::timed || group.why == Why::background) {
    return Why::none;
  }
  if (isLock(waits) && numbers.old > 0) return Why::oldLock;
  const bool old = numbers.old >= thresholds.few;
  if (!old && numbers.settled < thresholds.some) return Why::none;
  if (idleByDesign(analysis_, group) != Why::none) return Why::none;
  return old ? Why::old : Why::settled;
}

/// Judges a suspect group again without those of it that have a live partner: they wait with a
/// connection, however many and old. Only a request that waits for its response is as old as it is.
void Suspects::judgeUnpaired(const Group& group, std::span<const Index> partners) {
  const auto members = analysis_.grouping_.membersOf(group);
  Numbers numbers;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (partners[i] != kNone) continue;
    const std::int64_t wait = analysis_.waitAtLeast(members[i]);
    ++numbers.count;
    if (wait > 0 && wait >= analysis_.options_.thresholds.someAge.count()) ++numbers.settled;
    if (wait > 0 && wait >= analysis_.options_.thresholds.age.count()) ++numbers.old;
  }
  const bool request = awaitsResponse(analysis_, group);
  if (request) numbers.settled = group.settled, numbers.old = group.old;
  const Why why = suspicion(group, numbers);
  const bool all = request && why != Why::none && why != Why::many;
  for (std::size_t i = 0; i < members.size(); ++i) {
    GoroutineInfo& info = analysis_.goroutines_[members[i]];
    if (all || (partners[i] == kNone && why != Why::none)) {
      info.verdict = Verdict::suspect;
      info.why = why;
    } else if (partners[i] != kNone && info.why == Why::plain) {
      info.why = Why::paired;
      analysis_.partners_.emplace(members[i], partners[i]);
    }
  }
}

void Suspects::judgeMembers(Group& group, Verdict verdict, Why why) {
  for (const Index member : analysis_.grouping_.membersOf(group)) {
    analysis_.goroutines_[member].verdict = verdict;
    analysis_.goroutines_[member].why = why;
  }
  group.verdict = verdict;
  group.why = why;
  group.findings = verdict == Verdict::suspect ? group.count : 0;
}

void Suspects::raise() {
  Partners partners(analysis_, observer_);
  bool split = false;
  for (Group& group : analysis_.grouping_.groups) {
    if (group.system || group.verdict != Verdict::waiting || group.why == Why::mainForever) {
      continue;
    }
    const Why why = suspicion(group, {group.count, group.settled, group.old});
    if (why == Why::none) {
      const bool several = group.count > 1 && group.why == Why::plain;
      const Why idle = several ? idleByDesign(analysis_, group) : Why::none;
      if (idle != Why::none) judgeMembers(group, Verdict::waiting, idle);
      continue;
    }
    std::vector<Index> found;
    if (why != Why::oldLock) found = partners.of(analysis_.grouping_.membersOf(group));
    if (found.empty()) {
      judgeMembers(group, Verdict::suspect, why);
    } else {
      judgeUnpaired(group, found);
      split = true;
    }
  }
  if (split) analysis_.groupAll();
}

}  // namespace parked::leak
