#include "leak/blocking.h"

#include <algorithm>
#include <tuple>

#include "base/progress.h"
#include "leak/wakers.h"

namespace parked::leak {

namespace {

using golang::ObjectKind;
using golang::WaitOp;

class BlockingLinker {
 public:
  BlockingLinker(const Analysis& analysis, Observer* observer)
      : analysis_(analysis),
        snapshot_(analysis.snapshot()),
        goroutines_(static_cast<Index>(snapshot_.goroutines.size())),
        progress_(observer),
        look_(snapshot_) {
    links_.by.resize(goroutines_);
    links_.places.emplace_back();
  }

  BlockingLinks make(std::vector<bool> chosen);

 private:
  void gatherWakers();
  void add(Index goroutine);
  bool addCircle(Index goroutine, BlockedBy& by);
  bool addHolder(const golang::Wait& wait, BlockedBy& by);
  bool addWaker(const golang::Wait& wait, BlockedBy& by);
  std::uint32_t placeOf(const Place& place);
  std::uint32_t placeOfSite(std::uint32_t site);
  void linkUp(const std::vector<bool>& chosen);

  const Analysis& analysis_;
  const golang::Snapshot& snapshot_;
  Index goroutines_;
  Progress progress_;
  Wakers look_;
  std::vector<Waker> wakers_;  // by what they could give
  BlockingLinks links_;
  std::unordered_map<std::uint32_t, std::uint32_t> sitePlaces_;
  std::unordered_map<const char*, std::vector<std::uint32_t>> placesByFunction_;
};

auto keyOf(const Waker& waker) {
  return std::tuple(waker.isLock, waker.object, waker.senders, waker.goroutine);
}

void BlockingLinker::gatherWakers() {
  for (Index i = 0; i < goroutines_ && progress_.step(); ++i) {
    const golang::Goroutine& goroutine = snapshot_.goroutines[i];
    if (goroutine.system || stateOf(goroutine) != State::blocked || goroutine.inFlux) continue;
    look_.look(i, wakers_);
  }
  std::ranges::stable_sort(wakers_, {}, keyOf);
  const auto repeated = std::ranges::unique(wakers_, {}, keyOf);
  wakers_.erase(repeated.begin(), repeated.end());
}

std::uint32_t BlockingLinker::placeOf(const Place& place) {
  auto& same = placesByFunction_[place.function.data()];
  for (const std::uint32_t i : same) {
    if (links_.places[i].line == place.line) return i;
  }
  same.push_back(static_cast<std::uint32_t>(links_.places.size()));
  links_.places.push_back(place);
  return same.back();
}

std::uint32_t BlockingLinker::placeOfSite(std::uint32_t site) {
  const auto [at, isNew] = sitePlaces_.try_emplace(site, 0);
  if (!isNew) return at->second;
  std::vector<image::SourceFrame> frames;
  analysis_.code().expand(look_.sites()[site].site.pc, false, frames);
  if (!frames.empty()) {
    at->second = placeOf({frames.front().function, frames.front().file, frames.front().line});
  }
  return at->second;
}

/// A circle that is told knows best.
bool BlockingLinker::addCircle(Index goroutine, BlockedBy& by) {
  const WaitCircles& circles = analysis_.waitCircles();
  if (const auto in = circles.of.find(goroutine); in != circles.of.end()) {
    const WaitCircle& circle = circles.circles[in->second.circle];
    const WaitCircle::Member& member = circle.members[in->second.member];
    by.kind = member.act == WakeAct::unlock ? BlockedBy::Kind::holder : BlockedBy::Kind::waker;
    by.act = member.act;
    by.circle = in->second.member < circle.round;
    by.wait = member.wait;
    by.others = static_cast<std::uint32_t>(member.others);
    by.place = placeOf(member.place);
    by.goroutine = member.next;
    return true;
  }
  const LockHolders& holders = analysis_.lockHolders();
  const auto in = holders.cycleOf.find(goroutine);
  if (in == holders.cycleOf.end()) return false;
  const LockCycle::Member& member = holders.cycles[in->second.cycle].members[in->second.member];
  by.kind = BlockedBy::Kind::holder;
  by.circle = true;
  by.wait = snapshot_.goroutines[goroutine].firstWait;
  by.place = placeOf(member.holder.locked);
  by.goroutine = member.holder.goroutine;
  return true;
}

bool BlockingLinker::addHolder(const golang::Wait& wait, BlockedBy& by) {
  const LockHolders& holders = analysis_.lockHolders();
  if (wait.kind != ObjectKind::mutex && wait.kind != ObjectKind::rwMutex) return false;
  if (wait.object >= holders.of.size() || holders.of[wait.object].empty()) return false;
  const auto& all = holders.of[wait.object];
  by.kind = BlockedBy::Kind::holder;
  by.place = placeOf(all.front().locked);
  by.others = static_cast<std::uint32_t>(all.size() - 1);
  by.goroutine = all.front().goroutine;
  return true;
}

bool BlockingLinker::addWaker(const golang::Wait& wait, BlockedBy& by) {
  const bool channel = wait.kind == ObjectKind::channel;
  if (!channel && wait.kind != ObjectKind::waitGroup) return false;
  const std::tuple key(!channel, wait.object, channel && wait.op == WaitOp::send);
  const auto found = std::ranges::equal_range(wakers_, key, {}, [](const Waker& waker) {
    return std::tuple(waker.isLock, waker.object, waker.senders);
  });
  const auto first =
      std::ranges::find_if(found, [&](const Waker& w) { return w.goroutine != wait.goroutine; });
  if (first == found.end()) return false;
  by.kind = BlockedBy::Kind::waker;
  by.act = first->act;
  by.place = placeOfSite(first->site);
  by.others = static_cast<std::uint32_t>(found.size() - 1);
  by.goroutine = first->goroutine;
  return true;
}

void BlockingLinker::add(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  BlockedBy& by = links_.by[index];
  if (goroutine.system || stateOf(goroutine) != State::blocked || addCircle(index, by)) return;
  for (Index w = goroutine.firstWait; w < goroutine.firstWait + goroutine.waitCount; ++w) {
    by.wait = w;
    if (addHolder(snapshot_.waits[w], by) || addWaker(snapshot_.waits[w], by)) return;
  }
  by = {};
  const Index partner = analysis_.partnerOf(index);
  if (partner == kNone) return;
  by.kind = BlockedBy::Kind::partner;
  by.goroutine = partner;
}

void BlockingLinker::linkUp(const std::vector<bool>& chosen) {
  PairNumbers numbers;
  const std::vector<std::uint32_t> looks = looksOfGroups(analysis_);
  ForestLinks& links = links_.links;
  links.chosen.assign(goroutines_, false);
  for (Index i = 0; i < goroutines_; ++i) {
    const BlockedBy& by = links_.by[i];
    links.parents.push_back(by.goroutine);
    const Index group = analysis_.info(i).group;
    const std::uint32_t line = group < looks.size() ? looks[group] : kNone;
    const std::uint32_t why =
        numbers.of(by.place, std::uint64_t{static_cast<std::uint8_t>(by.kind)} << 16 |
                                 std::uint64_t{static_cast<std::uint8_t>(by.act)} << 8 |
                                 std::uint64_t{by.circle});
    links.looks.push_back(numbers.of(std::uint64_t{1} << 63 | line, why));
    if (by.goroutine != kNone) {
      links.chosen[i] = chosen[i];
      links.chosen[by.goroutine] = chosen[by.goroutine];
    }
  }
  for (Index i = 0; i < goroutines_; ++i) {
    const bool waits =
        !snapshot_.goroutines[i].system && stateOf(snapshot_.goroutines[i]) == State::blocked;
    if (chosen[i] && waits && links_.by[i].goroutine == kNone) ++links_.unknown;
  }
}

BlockingLinks BlockingLinker::make(std::vector<bool> chosen) {
  gatherWakers();
  for (Index i = 0; i < goroutines_ && progress_.step(); ++i) add(i);
  linkUp(chosen);
  return std::move(links_);
}

}  // namespace

BlockingLinks blockingLinks(const Analysis& analysis, std::vector<bool> chosen,
                            Observer* observer) {
  return BlockingLinker(analysis, observer).make(std::move(chosen));
}

}  // namespace parked::leak
