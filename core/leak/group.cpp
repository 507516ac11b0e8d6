#include "leak/group.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace parked::leak {

namespace {

/// Packs what the default grouping compares: the stack, what is waited on and how, the state and
/// the verdict (a goroutine whose waker is in flight does not stand with those that are stuck).
std::uint64_t defaultKey(const Analysis& analysis, Index index) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const golang::Goroutine& goroutine = snapshot.goroutines[index];
  const auto waits = snapshot.waitsOf(goroutine);
  std::uint64_t key = goroutine.stack;
  key = key << 8 | (waits.empty() ? 0xff : static_cast<std::uint8_t>(waits.front().kind));
  key = key << 8 |
        (waits.empty() || waits.front().inSelect ? 0xff
                                                 : static_cast<std::uint8_t>(waits.front().op));
  key = key << 4 | static_cast<std::uint8_t>(stateOf(goroutine));
  key = key << 4 | static_cast<std::uint8_t>(analysis.info(index).verdict);
  return key << 1 | static_cast<std::uint64_t>(goroutine.system);
}

/// Counts distinct things that are small numbers, one group after the other, without clearing.
class Stamps {
 public:
  explicit Stamps(std::size_t size) : stamps_(size, 0) {}
  /// True the first time `number` is seen in this round (rounds count from 1).
  bool first(std::size_t number, std::uint32_t round) {
    if (number >= stamps_.size() || stamps_[number] == round) return false;
    stamps_[number] = round;
    return true;
  }

 private:
  std::vector<std::uint32_t> stamps_;
};

/// Fills in what is known of a group once its members stand together.
class Summary {
 public:
  explicit Summary(const Analysis& analysis)
      : analysis_(analysis),
        channels_(analysis.snapshot().channels.size()),
        locks_(analysis.snapshot().locks.size()),
        fds_(analysis.snapshot().fds.size()),
        creatorSeen_(analysis.placeCount()),
        creatorCount_(analysis.placeCount(), 0) {}

  void operator()(const Grouping& grouping, Group& group) {
    ++round_;
    const golang::Snapshot& snapshot = analysis_.snapshot();
    const Thresholds& thresholds = analysis_.options().thresholds;
    const auto members = grouping.membersOf(group);
    group.example = members.front();
    group.system = true;
    bool first = true;
    for (const Index member : members) {
      const golang::Goroutine& goroutine = snapshot.goroutines[member];
      const GoroutineInfo& info = analysis_.info(member);
      if (first || info.verdict > group.verdict) {
        group.verdict = info.verdict;
        group.why = info.why;
      }
      first = false;
      if (info.verdict >= Verdict::suspect) ++group.findings;
      group.system = group.system && goroutine.system;
      const std::int64_t wait = analysis_.waitAtLeast(member);
      if (wait > 0) ++group.withWait;
      if (wait > 0 && wait >= thresholds.someAge.count()) ++group.settled;
      if (wait > 0 && wait >= thresholds.age.count()) ++group.old;
      if (wait > group.longestWait) {
        group.longestWait = wait;
        group.example = member;
      }
      countCreator(group, info.creator);
      countOrigin(group, analysis_.origin(member));
      for (const golang::Wait& waitedOn : snapshot.waitsOf(goroutine)) {
        if (isNewObject(waitedOn)) ++group.objects;
      }
    }
    originCount_.clear();
    group.state = stateOf(snapshot.goroutines[group.example]);
  }

 private:
  void countCreator(Group& group, PlaceId creator) {
    if (creator == kNoPlace) return;
    if (creatorSeen_.first(creator, round_)) {
      ++group.creators;
      creatorCount_[creator] = 0;
    }
    ++creatorCount_[creator];
    if (group.creator == kNoPlace || creatorCount_[creator] > creatorCount_[group.creator]) {
      group.creator = creator;
    }
  }

  void countOrigin(Group& group, const Origin& origin) {
    if (origin.kind == OriginKind::none) return;
    const std::uint64_t count = ++originCount_[origin.place];
    group.origins = originCount_.size();
    if (group.origin.kind == OriginKind::none || count > originCount_[group.origin.place]) {
      group.origin = origin;
    }
  }

  bool isNewObject(const golang::Wait& wait) {
    switch (golang::traitsOf(wait.kind).list) {
      case golang::ObjectList::channels:
        return channels_.first(wait.object, round_);
      case golang::ObjectList::locks:
        return locks_.first(wait.object, round_);
      case golang::ObjectList::fds:
        return fds_.first(wait.object, round_);
      default:
        return false;  // has no identity of its own worth counting
    }
  }

  const Analysis& analysis_;
  Stamps channels_, locks_, fds_, creatorSeen_;
  std::vector<std::uint32_t> creatorCount_;
  std::unordered_map<PlaceId, std::uint64_t> originCount_;
  std::uint32_t round_ = 0;
};

}  // namespace

Grouping gather(const Analysis& analysis, const std::vector<Index>& goroutines,
                const std::vector<Index>& groupOf, std::vector<std::string> keys) {
  Grouping grouping;
  grouping.groups.resize(keys.size());
  for (const Index g : groupOf) ++grouping.groups[g].count;
  Index first = 0;
  std::vector<Index> next(keys.size());
  for (std::size_t g = 0; g < keys.size(); ++g) {
    grouping.groups[g].key = std::move(keys[g]);
    grouping.groups[g].first = next[g] = first;
    first += grouping.groups[g].count;
  }
  grouping.members.resize(goroutines.size());
  for (std::size_t i = 0; i < goroutines.size(); ++i) {
    grouping.members[next[groupOf[i]]++] = goroutines[i];
  }
  Summary summary(analysis);
  for (Group& group : grouping.groups) summary(grouping, group);
  std::stable_sort(grouping.groups.begin(), grouping.groups.end(),
                   [](const Group& a, const Group& b) {
                     if (a.count != b.count) return a.count > b.count;
                     if (a.verdict != b.verdict) return a.verdict > b.verdict;
                     return a.longestWait > b.longestWait;
                   });
  return grouping;
}

Grouping group(const Analysis& analysis, const std::vector<Index>& goroutines) {
  std::vector<Index> groupOf(goroutines.size());
  std::vector<std::string> keys;
  std::unordered_map<std::uint64_t, Index> ids;
  std::uint64_t lastKey = 0;
  Index last = kNone;
  for (std::size_t i = 0; i < goroutines.size(); ++i) {
    const std::uint64_t key = defaultKey(analysis, goroutines[i]);
    if (last == kNone || key != lastKey) {
      const auto [it, isNew] = ids.try_emplace(key, static_cast<Index>(keys.size()));
      if (isNew) keys.emplace_back();
      last = it->second;
      lastKey = key;
    }
    groupOf[i] = last;
  }
  return gather(analysis, goroutines, groupOf, std::move(keys));
}

}  // namespace parked::leak
