#include "leak/history.h"

#include <algorithm>
#include <unordered_map>

namespace parked::leak {

namespace {

OwnPlace own(const Place& place) {
  return {std::string(place.function), std::string(place.file), place.line};
}

bool isParked(State state) { return state == State::blocked || state == State::syscall; }

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15 + (hash << 6) + (hash >> 2);
  return hash;
}

/// What the goroutine is parked on, as one number: the objects and its entries in their queues,
/// which the runtime takes from a pool each time anew; of a sleep, when it ends.
std::uint64_t parkedOn(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine) {
  std::uint64_t hash = goroutine.sp;
  for (const golang::Wait& wait : snapshot.waitsOf(goroutine)) {
    hash = mix(mix(hash, wait.address), wait.sudog);
    if (wait.kind == golang::ObjectKind::timer && wait.object < snapshot.timers.size()) {
      hash = mix(hash, static_cast<std::uint64_t>(snapshot.timers[wait.object].when));
    }
  }
  return hash;
}

}  // namespace

/// The runtime notes waitSince at the first collection that sees the goroutine blocked: from "not
/// noted" to a time is no move, anything else is.
bool History::unmoved(const Seen& before, const Seen& now) {
  if (before.group != now.group || !before.blocked || !now.blocked) return false;
  if (before.parkedOn != now.parkedOn) return false;
  return before.waitSince == 0 || before.waitSince == now.waitSince;
}

std::uint32_t History::groupOf(const Analysis& analysis, const golang::Goroutine& goroutine) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const State state = stateOf(goroutine);
  Key key;
  if (isParked(state)) {
    const auto waits = snapshot.waitsOf(goroutine);
    const golang::Wait first = waits.empty() ? golang::Wait() : waits.front();
    const auto op = first.inSelect ? golang::WaitOp::none : first.op;
    key = {1, static_cast<std::uint64_t>(state), static_cast<std::uint64_t>(first.kind),
           static_cast<std::uint64_t>(op)};
    for (const golang::FramePc& frame : snapshot.frames(goroutine)) key.push_back(frame.pc);
  } else {
    key = {0, goroutine.startPc, goroutine.creatorPc};
  }
  key.push_back(static_cast<std::uint64_t>(goroutine.system));
  const auto [at, isNew] = keys_.try_emplace(std::move(key), nextNumber_);
  if (isNew) {
    FollowedGroup& group = groups_[nextNumber_];
    group.number = nextNumber_++;
    group.firstLook = looks_;
    group.system = goroutine.system;
    // It was looked for before, and nobody was there.
    for (std::size_t i = 0; i + 1 < times_.size(); ++i) group.counts.push_back({times_[i], 0});
  }
  return at->second;
}

void History::describe(FollowedGroup& group, const Analysis& analysis, Index index) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const golang::Goroutine& goroutine = snapshot.goroutines[index];
  const GoroutineInfo& info = analysis.info(index);
  const bool first = group.count == 1;
  if (first || info.verdict > group.verdict) group.verdict = info.verdict;
  const std::int64_t wait = analysis.waitAtLeast(index);
  if (!first && wait <= group.longestWait) return;
  group.longestWait = wait;
  group.example = goroutine.id;
  if (!first) return;
  group.state = stateOf(goroutine);
  group.reason.clear();
  if (group.state == State::blocked && goroutine.reason < snapshot.reasons.size()) {
    group.reason = snapshot.strings[snapshot.reasons[goroutine.reason].text];
  }
  const PlaceId user = analysis.stack(goroutine.stack).user;
  group.user = own(analysis.place(isParked(group.state) ? user : info.start));
  group.creator = own(analysis.place(info.creator));
}

void History::compare(const Seen& seen, const Seen* before) {
  FollowedGroup& group = groups_.at(seen.group);
  if (before == nullptr || before->group != seen.group) {
    if (looks_ > 1) ++group.arrived;
    return;
  }
  if (seen.sinceLook < looks_) {
    ++group.same;
    if (seen.sinceLook == 1) ++group.sameAsFirst;
  } else {
    ++group.moved;
  }
}

void History::add(const Analysis& analysis, std::span<const Index> goroutines, std::int64_t at) {
  ++looks_;
  if (looks_ == 1) firstAt_ = at;
  times_.push_back(at);
  if (times_.size() > kKept) times_.erase(times_.begin());
  for (auto& [number, group] : groups_) {
    group.change = -static_cast<std::int64_t>(group.count);
    group.count = group.arrived = group.left = group.same = group.sameAsFirst = group.moved = 0;
  }
  const golang::Snapshot& snapshot = analysis.snapshot();
  std::unordered_map<std::uint64_t, std::uint32_t> known;  // of this look: equal ones come in rows
  std::vector<Seen> now;
  now.reserve(goroutines.size());
  auto before = last_.begin();
  const auto leave = [this](const Seen& seen) { ++groups_.at(seen.group).left; };
  for (const Index index : goroutines) {
    const golang::Goroutine& goroutine = snapshot.goroutines[index];
    const State state = stateOf(goroutine);
    const auto waits = snapshot.waitsOf(goroutine);
    Seen seen;
    seen.id = goroutine.id;
    seen.waitSince = goroutine.waitSince;
    seen.blocked = isParked(state);
    seen.parkedOn = seen.blocked ? parkedOn(snapshot, goroutine) : 0;
    seen.sinceLook = looks_;
    if (seen.blocked && !waits.empty()) {
      const golang::Wait& wait = waits.front();
      const std::uint64_t op = wait.inSelect ? 0xff : static_cast<std::uint64_t>(wait.op);
      const std::uint64_t key = std::uint64_t{goroutine.stack} << 32 |
                                static_cast<std::uint64_t>(wait.kind) << 16 | op << 8 |
                                static_cast<std::uint64_t>(state) << 1 |
                                static_cast<std::uint64_t>(goroutine.system);
      const auto [found, isNew] = known.try_emplace(key, 0);
      if (isNew) found->second = groupOf(analysis, goroutine);
      seen.group = found->second;
    } else {
      seen.group = groupOf(analysis, goroutine);
    }
    for (; before != last_.end() && before->id < seen.id; ++before) leave(*before);
    const Seen* same = before != last_.end() && before->id == seen.id ? &*before++ : nullptr;
    if (same != nullptr && unmoved(*same, seen)) seen.sinceLook = same->sinceLook;
    if (same != nullptr && same->group != seen.group) leave(*same);
    FollowedGroup& group = groups_.at(seen.group);
    ++group.count;
    describe(group, analysis, index);
    compare(seen, same);
    now.push_back(seen);
  }
  for (; before != last_.end(); ++before) leave(*before);
  last_ = std::move(now);
  totalBefore_ = looks_ == 1 ? last_.size() : total_;
  total_ = last_.size();
  if (looks_ == 1) totalAtFirst_ = total_;
  close();
}

void History::close() {
  const std::size_t known = groups_.size();
  for (auto at = groups_.begin(); at != groups_.end();) {
    FollowedGroup& group = at->second;
    group.change = looks_ == 1 ? 0 : group.change + static_cast<std::int64_t>(group.count);
    group.counts.push_back({times_.back(), group.count});
    if (group.counts.size() > kKept) group.counts.erase(group.counts.begin());
    if (std::ranges::all_of(group.counts, [](const Count& c) { return c.count == 0; })) {
      at = groups_.erase(at);
      continue;
    }
    group.trend = trendOf(group.counts);
    const std::uint64_t stayed = group.same + group.moved;
    group.growing = group.trend.rising && stayed >= (group.counts.front().count + group.count) / 2;
    ++at;
  }
  if (groups_.size() == known) return;
  std::erase_if(keys_, [this](const auto& key) { return !groups_.contains(key.second); });
}

std::vector<const FollowedGroup*> History::groups() const {
  std::vector<const FollowedGroup*> all;
  all.reserve(groups_.size());
  for (const auto& [number, group] : groups_) all.push_back(&group);
  std::ranges::stable_sort(all, [](const FollowedGroup* a, const FollowedGroup* b) {
    if (a->growing != b->growing) return a->growing;
    if (a->growing && a->trend.perMinute != b->trend.perMinute) {
      return a->trend.perMinute > b->trend.perMinute;
    }
    return a->count > b->count;
  });
  return all;
}

}  // namespace parked::leak
