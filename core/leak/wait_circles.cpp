#include "leak/wait_circles.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "leak/wait_needs.h"
#include "proof/components.h"
#include "proof/near.h"

namespace parked::leak {

namespace {

using proof::Node;

/// Who waits for whom, for Components: goroutines that are stuck, then what they need.
class Graph {
 public:
  explicit Graph(const WaitNeeds& needs);

  Node nodes() const { return static_cast<Node>(first_.size() - 1); }
  std::span<const Node> from(Node node) const {
    return {targets_.data() + first_[node], targets_.data() + first_[node + 1]};
  }
  Node goroutines() const { return goroutines_; }

 private:
  std::vector<std::size_t> first_ = {0};
  std::vector<Node> targets_;
  Node goroutines_;
};

Graph::Graph(const WaitNeeds& needs) : goroutines_(static_cast<Node>(needs.blocked().size())) {
  for (const WaitNeeds::Blocked& blocked : needs.blocked()) {
    if (needs.isStuck(blocked.goroutine)) {
      for (const WaitNeeds::WaitOn& wait : needs.waitsOf(blocked)) {
        targets_.push_back(goroutines_ + wait.need);
      }
    }
    first_.push_back(targets_.size());
  }
  for (const WaitNeeds::Need& need : needs.needs()) {
    for (const Waker& waker : needs.wakersOf(need)) {
      if (!needs.isStuck(waker.goroutine)) continue;
      const std::uint32_t blocked = needs.blockedOf(waker.goroutine);
      if (blocked != kNone) targets_.push_back(blocked);
    }
    first_.push_back(targets_.size());
  }
}

class Finder {
 public:
  Finder(const golang::Snapshot& snapshot, const Code& code, const LockHolders& holders,
         const proof::Proof& proof, Observer* observer)
      : snapshot_(snapshot), code_(code), holders_(holders), proof_(proof), observer_(observer) {}

  WaitCircles run(WaitNeeds& needs);

 private:
  using Component = std::span<const Node>;

  bool askOutside(WaitNeeds& needs);
  template <class Visit>
  void visitCircles(const WaitNeeds& needs, const Visit& visit) const;
  bool isTold(const WaitNeeds& needs, Component component, Node goroutines) const;
  WaitCircle circleOf(const WaitNeeds& needs, Component component, Node goroutines) const;
  WaitCircle::Member memberOf(const WaitNeeds& needs, const WaitNeeds::Blocked& blocked,
                              const std::unordered_map<Node, const Waker*>& wakers) const;
  void describe(const WaitNeeds& needs, const Waker& waker, WaitCircle::Member& member) const;

  const golang::Snapshot& snapshot_;
  const Code& code_;
  const LockHolders& holders_;
  const proof::Proof& proof_;
  Observer* observer_;
};

/// Calls visit(nodes of a component, number of goroutines in the graph) for each circle to tell of.
template <class Visit>
void Finder::visitCircles(const WaitNeeds& needs, const Visit& visit) const {
  const Graph graph(needs);
  const proof::Components<Graph> components(graph);
  const std::vector<Node>& order = components.finished();
  for (std::size_t first = 0, last; first < order.size(); first = last) {
    last = first + 1;
    while (last < order.size() && components.of(order[last]) == components.of(order[first])) ++last;
    const Component component(order.data() + first, order.data() + last);
    if (component.size() > 1 && isTold(needs, component, graph.goroutines())) {
      visit(component, graph.goroutines());
    }
  }
}

/// Circles of locks are told as such. Of channels alone, who else may come along is never known,
/// unless nothing that can run reaches them.
bool Finder::isTold(const WaitNeeds& needs, Component component, Node goroutines) const {
  bool exclusive = false, proved = true, channel = false;
  for (const Node node : component) {
    if (node >= goroutines) {
      const WaitNeeds::Need& need = needs.needs()[node - goroutines];
      exclusive = exclusive || need.exclusive;
      channel = channel || !need.isLock ||
                snapshot_.locks[need.object].kind == golang::ObjectKind::waitGroup;
      continue;
    }
    const Index goroutine = needs.blocked()[node].goroutine;
    if (holders_.cycleOf.contains(goroutine)) return false;
    proved = proved && proof_.fate(goroutine) == proof::Fate::leaked;
  }
  return channel && (exclusive || proved);
}

/// Who is not in the picture may still have what the stuck wait for at hand: then they are not.
bool Finder::askOutside(WaitNeeds& needs) {
  proof::Near near(snapshot_, proof_);
  for (std::uint32_t i = 0; i < needs.needs().size(); ++i) {
    const WaitNeeds::Need& need = needs.needs()[i];
    if (!need.exclusive && !need.given) near.watch(needs.addressOf(need), i);
  }
  near.enterMachine();
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!needs.isStuck(i) && !snapshot_.goroutines[i].system) near.enter(i);
  }
  std::vector<std::uint32_t> reached;
  while (true) {
    reached.clear();
    if (!near.find(reached, observer_) || !near.complete()) return false;
    if (reached.empty()) return true;
    for (const std::uint32_t need : reached) needs.give(need);
    for (const Index goroutine : needs.takeWoken()) near.enter(goroutine);
  }
}

WaitCircles Finder::run(WaitNeeds& needs) {
  WaitCircles result;
  bool any = false, alive = false;
  visitCircles(needs, [&](Component component, Node goroutines) {
    any = true;
    for (const Node node : component) {
      alive = alive || (node < goroutines &&
                        proof_.fate(needs.blocked()[node].goroutine) != proof::Fate::leaked);
    }
  });
  if (!any) return result;
  if (alive && !askOutside(needs)) return result;
  visitCircles(needs, [&](Component component, Node goroutines) {
    WaitCircle circle = circleOf(needs, component, goroutines);
    for (std::size_t i = 0; i < circle.members.size(); ++i) {
      result.of.try_emplace(circle.members[i].goroutine, result.circles.size(), i);
    }
    result.circles.push_back(std::move(circle));
  });
  return result;
}

/// Where the waker stands, and where its code comes to what it would do.
void Finder::describe(const WaitNeeds& needs, const Waker& waker,
                      WaitCircle::Member& member) const {
  member.next = waker.goroutine;
  member.act = waker.act;
  if (waker.act == WakeAct::unlock) {
    const LockHolder& holder = holders_.of[waker.object][waker.site];
    member.place = holder.locked;
    member.handed = holder.unlocks;
    member.now = holder.now;
    return;
  }
  const Wakers::Site& site = needs.sites()[waker.site];
  std::vector<image::SourceFrame> frames;
  const auto placeOf = [&](Addr pc) {
    frames.clear();
    code_.expand(pc, false, frames);
    for (const image::SourceFrame& frame : frames) {
      if (isRuntimeFunction(frame.function) || frame.function.starts_with("sync.")) continue;
      return Place{frame.function, frame.file, frame.line};
    }
    return Place();
  };
  member.place = placeOf(site.site.pc);
  member.now = placeOf(site.now);
}

WaitCircle::Member Finder::memberOf(const WaitNeeds& needs, const WaitNeeds::Blocked& blocked,
                                    const std::unordered_map<Node, const Waker*>& wakers) const {
  WaitCircle::Member member;
  member.goroutine = blocked.goroutine;
  for (const WaitNeeds::WaitOn& wait : needs.waitsOf(blocked)) {
    const auto waker = wakers.find(wait.need);
    if (waker == wakers.end()) continue;
    member.wait = wait.wait;
    member.others = needs.needs()[wait.need].count - 1;
    describe(needs, *waker->second, member);
    break;
  }
  return member;
}

/// Each member with one of those it waits for; of the ways this makes, the one that comes back.
WaitCircle Finder::circleOf(const WaitNeeds& needs, Component component, Node goroutines) const {
  std::unordered_map<Index, std::size_t> memberOfGoroutine;
  for (const Node node : component) {
    if (node < goroutines) memberOfGoroutine.emplace(needs.blocked()[node].goroutine, 0);
  }
  std::unordered_map<Node, const Waker*> wakers;  // by need
  for (const Node node : component) {
    if (node < goroutines) continue;
    for (const Waker& waker : needs.wakersOf(needs.needs()[node - goroutines])) {
      if (!memberOfGoroutine.contains(waker.goroutine)) continue;
      wakers.emplace(node - goroutines, &waker);
      break;
    }
  }
  std::vector<Index> order;
  for (const auto& [goroutine, at] : memberOfGoroutine) order.push_back(goroutine);
  std::ranges::sort(order);
  std::vector<WaitCircle::Member> all;
  for (const Index goroutine : order) {
    memberOfGoroutine[goroutine] = all.size();
    all.push_back(memberOf(needs, needs.blocked()[needs.blockedOf(goroutine)], wakers));
  }
  // From any member the way runs into the circle; once around it.
  std::vector<bool> onWay(all.size());
  std::size_t at = 0;
  while (!onWay[at]) {
    onWay[at] = true;
    at = memberOfGoroutine[all[at].next];
  }
  WaitCircle circle;
  std::vector<bool> onCircle(all.size());
  for (; !onCircle[at]; at = memberOfGoroutine[all[at].next]) {
    onCircle[at] = true;
    circle.members.push_back(all[at]);
  }
  circle.round = circle.members.size();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!onCircle[i]) circle.members.push_back(all[i]);
  }
  return circle;
}

}  // namespace

WaitCircles findWaitCircles(const golang::Snapshot& snapshot, const Code& code,
                            const LockHolders& holders, const proof::Proof* proof,
                            const std::unordered_set<Addr>& timed, Observer* observer) {
  if (proof == nullptr || !proof->given()) return {};
  WaitNeeds needs(snapshot, holders, *proof, timed);
  if (!needs.find(observer)) return {};
  return Finder(snapshot, code, holders, *proof, observer).run(needs);
}

}  // namespace parked::leak
