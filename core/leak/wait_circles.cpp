#include "leak/wait_circles.h"

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>

#include "leak/pool_circles.h"
#include "leak/variable_channels.h"
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

  /// What speaks for a circle of which locks are not all.
  enum class Told : std::uint8_t { no, yes, ifNobodyComes };

  bool askOutside(WaitNeeds& needs);
  template <class Visit>
  void visitCircles(const WaitNeeds& needs, const Visit& visit) const;
  Told tell(const WaitNeeds& needs, Component component, Node goroutines) const;
  bool nobodyComes(const WaitNeeds& needs, Component component, Node goroutines) const;
  bool somebodyIsIn(const WaitNeeds& needs,
                    const std::unordered_set<image::FuncIndex>& functions) const;
  bool findUses(const WaitNeeds& needs);
  WaitCircle circleOf(const WaitNeeds& needs, Component component, Node goroutines) const;
  WaitCircle::Member memberOf(const WaitNeeds& needs, const WaitNeeds::Blocked& blocked,
                              const std::unordered_map<Node, const Waker*>& wakers) const;
  void describe(const WaitNeeds& needs, const Waker& waker, WaitCircle::Member& member) const;

  const golang::Snapshot& snapshot_;
  const Code& code_;
  const LockHolders& holders_;
  const proof::Proof& proof_;
  Observer* observer_;
  std::optional<VariableChannels> uses_;  // of circles of channels alone
};

/// Calls visit(nodes of a component, number of goroutines in the graph) for each circle that may be
/// told of.
template <class Visit>
void Finder::visitCircles(const WaitNeeds& needs, const Visit& visit) const {
  const Graph graph(needs);
  const proof::Components<Graph> components(graph);
  const std::vector<Node>& order = components.finished();
  for (std::size_t first = 0, last; first < order.size(); first = last) {
    last = first + 1;
    while (last < order.size() && components.of(order[last]) == components.of(order[first])) ++last;
    const Component component(order.data() + first, order.data() + last);
    if (component.size() == 1) continue;
    const Told told = tell(needs, component, graph.goroutines());
    if (told != Told::no) visit(component, graph.goroutines(), told);
  }
}

/// Circles of locks are told as such. Of channels alone, who else may come along is known only
/// where nothing that can run reaches them, or nothing but variables does.
Finder::Told Finder::tell(const WaitNeeds& needs, Component component, Node goroutines) const {
  bool exclusive = false, proved = true, channel = false;
  for (const Node node : component) {
    if (node >= goroutines) {
      const WaitNeeds::Need& need = needs.needs()[node - goroutines];
      exclusive = exclusive || need.exclusive;
      channel = channel || !need.isLock || needs.isGate(need) ||
                snapshot_.locks[need.object].kind == golang::ObjectKind::waitGroup;
      continue;
    }
    const Index goroutine = needs.blocked()[node].goroutine;
    if (holders_.cycleOf.contains(goroutine)) return Told::no;
    proved = proved && proof_.fate(goroutine) == proof::Fate::leaked;
  }
  if (!channel) return Told::no;
  return exclusive || proved ? Told::yes : Told::ifNobodyComes;
}

/// Looks for who uses the channels of circles of which it has to be known.
bool Finder::findUses(const WaitNeeds& needs) {
  std::vector<Index> channels;
  visitCircles(needs, [&](Component component, Node goroutines, Told told) {
    for (const Node node : component) {
      if (told != Told::ifNobodyComes || node < goroutines) continue;
      const WaitNeeds::Need& need = needs.needs()[node - goroutines];
      if (!need.isLock) channels.push_back(need.object);
    }
  });
  if (channels.empty()) return true;
  uses_.emplace(snapshot_, proof_);
  return uses_->find(channels, observer_);
}

/// One that is not stuck has called such a function and not returned from it.
bool Finder::somebodyIsIn(const WaitNeeds& needs,
                          const std::unordered_set<image::FuncIndex>& functions) const {
  std::vector<bool> stacks(snapshot_.stacks.size());
  for (Index i = 0; i < stacks.size(); ++i) {
    const golang::Stack& stack = snapshot_.stacks[i];
    stacks[i] = stack.truncated;
    for (std::uint32_t f = stack.first; f < stack.first + stack.count && !stacks[i]; ++f) {
      const Addr pc = snapshot_.pcs[f].inside();
      stacks[i] = functions.contains(snapshot_.image->functions().find(pc));
    }
  }
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    const golang::Goroutine& goroutine = snapshot_.goroutines[i];
    if (needs.isStuck(i) || goroutine.system) continue;
    if (goroutine.stack >= stacks.size() || stacks[goroutine.stack]) return true;
  }
  return false;
}

/// Whoever gets at these channels does so by their variables, and of all code that could end the
/// waits the stuck goroutines, and nobody else, are in the middle.
bool Finder::nobodyComes(const WaitNeeds& needs, Component component, Node goroutines) const {
  std::unordered_set<image::FuncIndex> functions;
  const bool known = std::ranges::all_of(component, [&](Node node) {
    if (node < goroutines) return true;
    const WaitNeeds::Need& need = needs.needs()[node - goroutines];
    const auto* uses = need.isLock ? nullptr : uses_->usesOf(need.object);
    if (uses == nullptr) return false;
    const WakeAct gives = need.senders ? WakeAct::receive : WakeAct::send;
    const auto isWaiting = [&](image::FuncIndex function) {
      return std::ranges::any_of(needs.wakersOf(need), [&](const Waker& waker) {
        const Wakers::Site& site = needs.sites()[waker.site];
        return site.function == function || site.site.closure == function;
      });
    };
    return std::ranges::all_of(*uses, [&](const VariableChannels::Use& use) {
      if (use.act != gives && use.act != WakeAct::close) return true;
      functions.insert(use.function);
      return isWaiting(use.function);
    });
  });
  return known && !functions.empty() && !somebodyIsIn(needs, functions);
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
  visitCircles(needs, [&](Component component, Node goroutines, Told) {
    any = true;
    for (const Node node : component) {
      alive = alive || (node < goroutines &&
                        proof_.fate(needs.blocked()[node].goroutine) != proof::Fate::leaked);
    }
  });
  if (!any) return result;
  if (alive && !(askOutside(needs) && findUses(needs))) return result;
  visitCircles(needs, [&](Component component, Node goroutines, Told told) {
    if (told == Told::ifNobodyComes && !nobodyComes(needs, component, goroutines)) return;
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
  if (needs.isGate(waker)) return;
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
      return Place{.function = frame.function, .file = frame.file, .line = frame.line};
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
    member.wait = needs.isGate(*waker->second) ? kNone : wait.wait;
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
  return findPoolCircles(snapshot, code, holders, proof, timed, {}, observer);
}

WaitCircles findPoolCircles(const golang::Snapshot& snapshot, const Code& code,
                            const LockHolders& holders, const proof::Proof* proof,
                            const std::unordered_set<Addr>& timed,
                            std::span<const WaitNeeds::Gate> gates, Observer* observer) {
  if (proof == nullptr || !proof->given()) return {};
  WaitNeeds needs(snapshot, holders, *proof, timed, gates);
  if (!needs.find(observer)) return {};
  return Finder(snapshot, code, holders, *proof, observer).run(needs);
}

}  // namespace parked::leak
