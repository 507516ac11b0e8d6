#include "resources/timers/retention.h"

#include <algorithm>

#include "heap/pointers.h"
#include "image/image.h"

namespace parked::resources {

namespace {

constexpr std::size_t kMaxNodes = 1 << 22;
constexpr std::size_t kFewSteps = 64;  // objects looked at from one closure

bool hasClosure(const golang::Timer& timer) {
  return !timer.stopped && timer.closure != 0 &&
         (timer.kind == golang::TimerKind::afterFunc ||
          timer.kind == golang::TimerKind::contextDeadline);
}

}  // namespace

TimerRetention::TimerRetention(const golang::Snapshot& snapshot, const proof::Proof& proof,
                               std::span<const golang::Timer> timers, Progress& progress)
    : snapshot_(snapshot),
      proof_(proof),
      heap_(*proof.heap()),
      timers_(timers),
      progress_(progress),
      masks_(*snapshot.image),
      pointers_(heap_, masks_) {
  for (Index i = 0; i < timers.size(); ++i) {
    if (const auto object = heap_.find(timers[i].address)) {
      timerObjects_.insert(heap_.address(object), i);
    }
  }
}

TimerRetention::Node TimerRetention::nodeOf(Addr pointer) const {
  const auto object = heap_.find(pointer);
  if (!object || isNode_.empty() || !isNode_[heap_.slot(object)]) return kNoNode;
  const auto at = nodes_.find(heap_.address(object));
  return at == golang::AddrMap::kMissing ? kNoNode : at;
}

/// Marking came to the object through a timer. If it did not, something else reaches it, and what
/// is behind it is of no interest here; the reverse need not be so.
bool TimerRetention::isBehindTimer(heap::ObjectRef object) {
  const proof::Marker& marker = *proof_.marker();
  std::vector<Addr> way;
  bool behind = false;
  while (true) {
    const Addr address = heap_.address(object);
    if (timerObjects_.contains(address)) {
      behind = true;
      break;
    }
    if (const auto known = behind_.find(address); known != golang::AddrMap::kMissing) {
      behind = known == 1;
      break;
    }
    way.push_back(address);
    // Of objects without pointers nobody noted what marked them.
    if (!heap_.spans()[object.span].scan) {
      behind = true;
      break;
    }
    const proof::Parent parent = marker.parentOf(object);
    if (parent.isNone() || parent.isRoot()) break;
    object = heap_.byScanSlot(parent.scanSlot());
    if (!object || way.size() > kMaxNodes) break;
  }
  for (const Addr address : way) behind_.insert(address, behind ? 1 : 0);
  return behind;
}

TimerRetention::Node TimerRetention::add(Addr pointer) {
  const auto object = heap_.find(pointer);
  if (!object || !proof_.marker()->isMarked(object)) return kNoNode;
  const Addr address = heap_.address(object);
  if (const auto known = nodes_.find(address); known != golang::AddrMap::kMissing) return known;
  if (timerObjects_.contains(address) || isGoroutine(object) || !isBehindTimer(object)) {
    return kNoNode;
  }
  const Node node = static_cast<Node>(states_.size());
  nodes_.insert(address, node);
  isNode_[heap_.slot(object)] = true;
  states_.push_back({object});
  return node;
}

/// False if there is too much behind the timers, or the user asks to stop.
bool TimerRetention::collect() {
  for (const golang::Timer& timer : timers_) {
    if (!progress_.step()) return false;
    if (hasClosure(timer)) (void)add(timer.closure);
  }
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_.size() > kMaxNodes || !progress_.step()) return false;
    pointers_.visit(states_[i].object, [this](Addr, Addr value) {
      if (value != 0) (void)add(value);
    });
  }
  return true;
}

void TimerRetention::reach(Node node) {
  if (node == kNoNode || states_[node].outside) return;
  states_[node].outside = true;
  work_.push_back(node);
}

/// What is reached by anything that is not itself behind a timer is not retained by timers.
void TimerRetention::look(heap::ObjectRef holder, Addr value) {
  const Node node = nodeOf(value);
  if (node == kNoNode || states_[node].outside) return;
  if (holder && (!proof_.marker()->isMarked(holder) || isNode_[heap_.slot(holder)] ||
                 timerObjects_.contains(heap_.address(holder)))) {
    return;
  }
  reach(node);
}

void TimerRetention::want(Finder& finder) {
  if (std::ranges::none_of(timers_, hasClosure)) return;
  isNode_.resize(heap_.slots());
  isGoroutine_.resize(heap_.slots());
  for (const golang::Goroutine& goroutine : snapshot_.goroutines) {
    if (const auto g = heap_.find(goroutine.address)) isGoroutine_[heap_.slot(g)] = true;
  }
  givenUp_ = !collect();
  if (givenUp_ || states_.empty()) return;
  auto& memory = heap_.memory();
  for (const heap::Special& special : proof_.specials().all) {
    for (std::uint32_t at = 0; at + 8 <= special.payloadSize; at += 8) {
      reach(nodeOf(memory.word(special.payload + at)));
    }
  }
  finder.visitPointers([this](heap::ObjectRef holder, Addr value) { look(holder, value); });
}

void TimerRetention::spreadOutside() {
  while (!work_.empty() && progress_.step()) {
    const Node from = work_.back();
    work_.pop_back();
    pointers_.visit(states_[from].object, [this](Addr, Addr value) {
      if (value != 0) reach(nodeOf(value));
    });
  }
}

/// From each timer's closure on. An object changes owners twice at most: from one timer to all of
/// its callback, and from these to everybody.
void TimerRetention::spreadOwners() {
  const auto give = [this](Node node, Index timer, Addr callback, bool shared) {
    NodeState& state = states_[node];
    if (state.outside) return;
    bool changed = false;
    if (!state.seen) {
      state.seen = changed = true;
      state.timer = timer;
      state.callback = callback;
      state.sharedCallback = shared;
    } else {
      if (state.timer != kNone && state.timer != timer) state.timer = kNone, changed = true;
      if (!state.sharedCallback && (shared || state.callback != callback)) {
        state.sharedCallback = changed = true;
      }
    }
    if (changed) work_.push_back(node);
  };
  for (Index i = 0; i < timers_.size(); ++i) {
    if (!hasClosure(timers_[i])) continue;
    const Node start = nodeOf(timers_[i].closure);
    if (start == kNoNode) continue;
    give(start, i, timers_[i].callback, false);
    while (!work_.empty() && progress_.step()) {
      const NodeState from = states_[work_.back()];
      work_.pop_back();
      pointers_.visit(from.object, [&](Addr, Addr value) {
        const Node node = value == 0 ? kNoNode : nodeOf(value);
        if (node != kNoNode) give(node, from.timer, from.callback, from.sharedCallback);
      });
    }
  }
}

bool TimerRetention::judge(std::span<TimerDetail> details,
                           std::map<Addr, SharedRetention>& shared) {
  if (givenUp_) {
    states_.clear();
    nodes_ = golang::AddrMap();
    isNode_.clear();
    return false;
  }
  spreadOutside();
  spreadOwners();
  if (!progress_.step()) return false;
  for (Index i = 0; i < timers_.size(); ++i) details[i].retainedKnown = hasClosure(timers_[i]);
  for (const NodeState& state : states_) {
    if (!state.seen || state.outside) continue;
    const std::uint64_t bytes = heap_.spans()[state.object.span].elementSize;
    if (state.timer != kNone) {
      details[state.timer].retainedBytes += bytes;
      ++details[state.timer].retainedObjects;
    } else if (!state.sharedCallback) {
      shared[state.callback].bytes += bytes;
      ++shared[state.callback].objects;
    }
  }
  return true;
}

bool TimerRetention::isOwn(Addr object) const {
  const Node node = nodeOf(object);
  return node != kNoNode && !states_[node].outside;
}

bool TimerRetention::reaches(std::size_t timer, Addr object) const {
  const auto start = heap_.find(timers_[timer].closure);
  if (!start) return false;
  std::vector<heap::ObjectRef> queue = {start};
  golang::AddrMap seen;
  seen.insert(heap_.address(start), 0);
  bool found = false;
  for (std::size_t i = 0; i < queue.size() && i < kFewSteps && !found; ++i) {
    pointers_.visit(queue[i], [&](Addr, Addr value) {
      const auto next = value == 0 ? heap::ObjectRef{} : heap_.find(value);
      if (!next) return;
      const Addr address = heap_.address(next);
      if (address == object) found = true;
      if (isGoroutine(next) || timerObjects_.contains(address)) return;
      if (seen.insert(address, 0)) queue.push_back(next);
    });
  }
  return found;
}

}  // namespace parked::resources
