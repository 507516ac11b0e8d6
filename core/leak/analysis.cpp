#include "leak/analysis.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "base/traits.h"
#include "golang/clock.h"
#include "leak/group.h"
#include "leak/handles.h"
#include "leak/known.h"
#include "leak/sentence.h"
#include "leak/suspects.h"

namespace parked::leak {

using golang::Status;

namespace {

constexpr std::array kStates = {
    StateTraits{State::running, "running", "running"},
    StateTraits{State::runnable, "runnable", "runnable"},
    StateTraits{State::syscall, "syscall", "in a system call"},
    StateTraits{State::blocked, "blocked", "blocked"},
    StateTraits{State::other, "other", "other"},
};
static_assert(kStates.size() == static_cast<std::size_t>(State::other) + 1);
static_assert(isInOrder(kStates));

}  // namespace

const StateTraits& traitsOf(State state) { return rowOf(kStates, state); }

State stateOf(const golang::Goroutine& goroutine) {
  switch (goroutine.status) {
    case Status::running:
      return State::running;
    case Status::runnable:
    case Status::preempted:
      return State::runnable;
    case Status::syscall:
      return State::syscall;
    default:
      return golang::isBlocked(goroutine.status) ? State::blocked : State::other;
  }
}

Analysis::Analysis(const golang::Snapshot& snapshot, const Code& code, const Options& options,
                   Timings* timings, Observer* observer)
    : snapshot_(&snapshot), code_(&code), options_(options), places_(code) {
  Progress progress(observer);
  {
    const Timings::Scope scope(timings, "places");
    readPlaces(progress);
  }
  for (const golang::Timer& timer : snapshot.timers) {
    if (timer.channel == 0 || timer.stopped) continue;
    timerChannels_.insert(timer.channel);
    tickerPeriods_[timer.channel] = timer.period;
  }
  sortIslands();
  if (!islandKinds_.empty()) {
    const Timings::Scope scope(timings, "handles");
    if (!findHandles(snapshot, code, *options.orphans, observer, islandKinds_)) {
      interrupted_ = "handles of orphans were not looked for";
    }
  }
  {
    const Timings::Scope scope(timings, "verdicts");
    judgeAll(progress);
  }
  findOrigins(progress);
  {
    const Timings::Scope scope(timings, "lock holders");
    auto holders = findLockHolders(snapshot, code, progress);
    if (holders) {
      lockHolders_ = std::move(*holders);
    } else if (interrupted_.empty()) {
      interrupted_ = "who holds locks was not found out";
    }
    judgeLockCycles();
  }
  {
    const Timings::Scope scope(timings, "circles of waits");
    waitCircles_ =
        findWaitCircles(snapshot, code, lockHolders_, options.proof, timerChannels_, observer);
    judgeWaitCircles();
  }
  const Timings::Scope scope(timings, "groups");
  groupAll();
  Suspects(*this, observer).raise();
}

const StackInfo& Analysis::stack(Index stack) const {
  static const StackInfo kNothing;
  return stack < stacks_.size() ? stacks_[stack] : kNothing;
}

const StaticHolders& Analysis::staticHolders() const {
  if (!staticHolders_) staticHolders_.emplace(*snapshot_->image, *options_.proof->heap());
  return *staticHolders_;
}

void Analysis::readPlaces(Progress& progress) {
  stacks_.resize(snapshot_->stacks.size());
  for (std::size_t i = 0; i < stacks_.size() && progress.step(); ++i) {
    stacks_[i] = places_.stack(*snapshot_, snapshot_->stacks[i]);
  }
}

void Analysis::findOrigins(Progress& progress) {
  golang::AncestorReader ancestors(*snapshot_);
  for (Index i = 0; i < goroutines_.size() && progress.step(); ++i) {
    const golang::Goroutine& goroutine = snapshot_->goroutines[i];
    if (goroutine.system || stack(goroutine.stack).owner == Owner::own) continue;
    const PlaceId creator = goroutines_[i].creator;
    if (creator == kNoPlace || places_.own(goroutine.creatorPc) == creator) continue;
    const Origin origin =
        originOf(*snapshot_, goroutine, ancestors.read(goroutine), stacks_, places_);
    if (origin.kind != OriginKind::none) origins_.emplace(i, origin);
  }
}

StackInfo Analysis::userLine(Index goroutine) const {
  StackInfo info = stack(snapshot_->goroutines[goroutine].stack);
  const PlaceId creator = goroutines_[goroutine].creator;
  if (creator == kNoPlace || info.user == kNoPlace || info.owner != Owner::none) return info;
  info.user = creator;
  info.owner = ownerOf(*code_, places_[creator].function, places_[creator].file);
  return info;
}

bool Analysis::inC(Index goroutine) const {
  const golang::Goroutine& g = snapshot_->goroutines[goroutine];
  return g.status == Status::syscall && stack(g.stack).callsC;
}

Origin Analysis::origin(Index goroutine) const {
  const auto at = origins_.find(goroutine);
  return at != origins_.end() ? at->second : Origin();
}

void Analysis::judgeAll(Progress& progress) {
  struct Label {
    StringId text = kEmptyString;
    bool benign = false;
  };
  std::unordered_map<std::uint64_t, Label> labels;  // by start function and reason
  goroutines_.resize(snapshot_->goroutines.size());
  for (Index i = 0; i < goroutines_.size(); ++i) {
    const golang::Goroutine& goroutine = snapshot_->goroutines[i];
    GoroutineInfo& info = goroutines_[i];
    if (!progress.step()) {
      interrupted_ = "not all goroutines were judged";
      info.why = Why::notRead;
      continue;
    }
    const Judgement judgement = judge(*snapshot_, goroutine, options_.proofs);
    info.verdict = judgement.verdict;
    info.why = judgement.why;
    if (info.verdict == Verdict::running && snapshot_->crash && !snapshot_->crash->fromOutside &&
        snapshot_->crash->goroutine == i) {
      info.why = Why::died;
    }
    if (info.why == Why::unstopped && options_.proof != nullptr && options_.proof->interrupted()) {
      info.why = Why::unfinished;
    }
    const bool open = judgement.verdict == Verdict::waiting ? judgement.why != Why::mainForever
                                                            : judgement.why == Why::runtimeProved;
    if (open && options_.proof != nullptr && options_.proof->fate(i) == proof::Fate::leaked) {
      info.verdict = Verdict::proved;
      info.why = Why::unreachable;
    }
    const IslandKind* kind = judgement.verdict == Verdict::waiting ? islandKind(i) : nullptr;
    if (kind != nullptr && kind->background == Background::none) {
      info.verdict = Verdict::orphan;
      info.why = Why::orphan;
    }
    info.start = places_.start(goroutine.startPc, stack(goroutine.stack).outermost);
    // Main was created by the runtime's start-up code, which Go's traceback does not tell either.
    if (goroutine.id != golang::kMainGoroutine) info.creator = places_.creator(goroutine.creatorPc);
    // To the runtime, who waits for a signal is in a system call.
    const State state = stateOf(goroutine);
    if (goroutine.system || (state != State::blocked && state != State::syscall)) continue;
    const auto reason =
        state == State::blocked ? snapshot_->reasonOf(goroutine) : golang::ReasonClass::none;
    const auto [it, isNew] =
        labels.try_emplace(std::uint64_t{info.start} << 8 | static_cast<std::uint8_t>(reason));
    if (isNew) {
      const auto [label, benign] = knownGoroutine(places_[info.start].function, reason);
      it->second = {strings_.intern(label), benign};
    }
    info.label = it->second.text;
    if (kind != nullptr && info.verdict == Verdict::waiting) {
      info.why = it->second.benign ? Why::benign : Why::background;
    }
    if (info.why != Why::plain || state != State::blocked) continue;
    if (wokenByTimer(goroutine) || it->second.benign) {
      info.why = wokenByTimer(goroutine) ? Why::timed : Why::benign;
    }
  }
}

void Analysis::sortIslands() {
  if (options_.orphans == nullptr || !options_.orphans->given()) return;
  const proof::Islands& islands = options_.orphans->islands();
  islandKinds_ = leak::islandKinds(*snapshot_, islands, options_.thresholds);
  kindOfIsland_.assign(islands.all.size(), kNone);
  for (Index kind = 0; kind < islandKinds_.size(); ++kind) {
    for (const Index island : islandKinds_[kind].islands) kindOfIsland_[island] = kind;
  }
}

const IslandKind* Analysis::islandKind(Index goroutine) const {
  if (islandKinds_.empty()) return nullptr;
  const auto& of = options_.orphans->islands().of;
  const Index island = goroutine < of.size() ? of[goroutine] : kNone;
  if (island >= kindOfIsland_.size() || kindOfIsland_[island] == kNone) return nullptr;
  return &islandKinds_[kindOfIsland_[island]];
}

/// Not proved: a lock may be handed over, and who unlocks it then need not show.
void Analysis::judgeLockCycles() {
  for (const LockCycle& cycle : lockHolders_.cycles) {
    for (const LockCycle::Member& member : cycle.members) {
      GoroutineInfo& info = goroutines_[member.goroutine];
      if (info.verdict != Verdict::waiting) continue;
      info.verdict = Verdict::suspect;
      info.why = cycle.members.size() == 1 ? Why::lockedAgain : Why::lockCycle;
    }
  }
}

/// Not proved either: that nobody else comes along who reaches the channel by a global is not
/// known.
void Analysis::judgeWaitCircles() {
  for (const auto& [goroutine, at] : waitCircles_.of) {
    GoroutineInfo& info = goroutines_[goroutine];
    if (info.verdict != Verdict::waiting) continue;
    info.verdict = Verdict::suspect;
    info.why = Why::waitCircle;
  }
}

bool Analysis::wokenByTimer(const golang::Goroutine& goroutine) const {
  if (timerChannels_.empty()) return false;
  const auto waits = snapshot_->waitsOf(goroutine);
  return std::any_of(waits.begin(), waits.end(), [this](const golang::Wait& wait) {
    return wait.op == golang::WaitOp::receive && timerChannels_.contains(wait.address);
  });
}

std::int64_t Analysis::waitAtLeast(Index index) const {
  const golang::Goroutine& goroutine = snapshot_->goroutines[index];
  const State state = stateOf(goroutine);
  if (state != State::blocked && state != State::syscall) return 0;
  const std::int64_t blocked = golang::blockedAt(snapshot_->clock, goroutine.waitSince);
  return blocked == 0 ? 0 : std::max<std::int64_t>(0, snapshot_->clock.lowerBound - blocked);
}

void Analysis::frames(const golang::Goroutine& goroutine, std::vector<image::SourceFrame>& out,
                      std::vector<Addr>* pcs) const {
  for (const golang::FramePc& frame : snapshot_->frames(goroutine)) {
    code_->expand(frame.pc, frame.exact != 0, out);
    if (pcs != nullptr) pcs->resize(out.size(), frame.pc);
  }
}

std::string Analysis::sentence(Index goroutine) const {
  static const Group kAlone;
  const GoroutineInfo& info = goroutines_[goroutine];
  const Group& group = info.group < grouping_.groups.size() ? grouping_.groups[info.group] : kAlone;
  return sentenceOf(*this, info.why, group, goroutine);
}

std::string Analysis::sentence(const Group& group) const {
  return sentenceOf(*this, group.why, group, group.example);
}

void Analysis::groupAll() {
  std::vector<Index> all(snapshot_->goroutines.size());
  std::iota(all.begin(), all.end(), Index{0});
  grouping_ = group(*this, all);
  for (Index g = 0; g < grouping_.groups.size(); ++g) {
    for (const Index member : grouping_.membersOf(grouping_.groups[g])) {
      goroutines_[member].group = g;
    }
  }
}

}  // namespace parked::leak
