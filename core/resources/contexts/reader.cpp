#include "resources/contexts/reader.h"

#include <algorithm>

namespace parked::resources {

namespace {

using image::kAbsent;
constexpr std::size_t kMaxNodes = 1 << 24;

ContextKind kindOf(std::string_view type) {
  if (type == "context.backgroundCtx" || type == "context.todoCtx" || type == "*context.emptyCtx") {
    return ContextKind::root;
  }
  if (type == "*context.cancelCtx") return ContextKind::cancel;
  if (type == "*context.timerCtx") return ContextKind::deadline;
  if (type == "*context.valueCtx") return ContextKind::value;
  if (type == "*context.afterFuncCtx") return ContextKind::afterFunc;
  if (type == "context.withoutCancelCtx") return ContextKind::withoutCancel;
  return ContextKind::custom;
}

bool canBeCancelled(ContextKind kind) {
  return kind == ContextKind::cancel || kind == ContextKind::deadline ||
         kind == ContextKind::afterFunc;
}

}  // namespace

ContextReader::ContextReader(const golang::Snapshot& snapshot, const heap::Heap& heap, bool proved,
                             const Timers& timers, Contexts& contexts, IncompleteList& incomplete,
                             Observer* observer)
    : snapshot_(snapshot),
      heap_(heap),
      proved_(proved),
      timers_(timers),
      contexts_(contexts),
      incomplete_(incomplete),
      progress_(observer),
      values_(*snapshot.image, incomplete),
      maps_(*snapshot.image) {
  bind();
}

void ContextReader::want(Finder& finder) {
  finder.wantInterface("context.Context");
  for (const char* type : {"*context.cancelCtx", "*context.timerCtx", "*context.afterFuncCtx"}) {
    finder.wantType(type);
  }
}

void ContextReader::bind() {
  image::LayoutSource& layouts = snapshot_.image->libraryLayouts();
  std::vector<std::string> missing;
  image::Binder cancel(layouts, "context.cancelCtx", missing);
  layout_.context = cancel.offsetOf("Context", true);
  layout_.done = cancel.offsetOf("done", true);
  layout_.error = cancel.offsetOf("err", true);
  cancel.required(layout_.children, "children");
  image::Binder deadline(layouts, "context.timerCtx", missing);
  deadline.optional(layout_.timer, "timer");
  deadline.optional(layout_.inner, "cancelCtx");  // a pointer in 1.20, else embedded
  image::Binder value(layouts, "context.valueCtx", missing);
  layout_.value = value.offsetOf("Context", false);
  layout_.key = value.offsetOf("key", false);
  image::Binder without(layouts, "context.withoutCancelCtx", missing);
  layout_.without = without.offsetOf("c", false);
  layout_.callback = image::Binder(layouts, "context.afterFuncCtx", missing).offsetOf("f", false);
  image::RuntimeTypes& types = values_.types();
  if (const auto* type = types.at(types.find("context.cancelCtx"))) {
    if (const auto* field = type->field("children")) childrenType_ = types.at(field->type);
  }
  layout_.usable = layout_.context != kAbsent && layout_.done != kAbsent &&
                   layout_.error != kAbsent && layout_.children && childrenType_ != nullptr &&
                   childrenType_->kind == image::TypeKind::map;
  if (const auto symbol = snapshot_.image->symbol("context.background")) {
    background_ = values_.pointer(*symbol);
  }
  for (Index i = 0; i < timers_.all.size(); ++i) {
    if (const auto object = heap_.find(timers_.all[i].address)) {
      timerObjects_.insert(heap_.address(object), i);
    }
  }
}

/// The cancelCtx of a node that has one.
Addr ContextReader::cancelPart(const ContextNode& node) const {
  if (node.kind == ContextKind::deadline && layout_.inner) {
    return values_.pointer(node.address + layout_.inner.offset);
  }
  return node.address;
}

Index ContextReader::create(const Interface& context, const std::string& type) {
  const Index index = static_cast<Index>(contexts_.nodes.size());
  byValue_[{context.data, context.type}] = index;
  types_.push_back(context.type);
  ContextNode& node = contexts_.nodes.emplace_back();
  node.address = context.data;
  node.kind = kindOf(type);
  node.type = type;
  if (const auto object = heap_.find(node.address)) {
    if (node.kind != ContextKind::custom) nodeObjects_.insert(heap_.address(object), index);
  }
  if (node.kind == ContextKind::root) {
    if (type == "context.todoCtx") node.type = "context.TODO";
    if (type == "context.backgroundCtx") node.type = "context.Background";
    if (type == "*context.emptyCtx") {
      node.type = background_ == 0              ? "context.Background or TODO"
                  : background_ == node.address ? "context.Background"
                                                : "context.TODO";
    }
  }
  if (node.kind == ContextKind::value && layout_.key != kAbsent) {
    node.key = values_.typeName(values_.pointer(node.address + layout_.key));
  }
  return index;
}

/// A type of the user's or of another library: the first field that holds a Context.
Interface ContextReader::customParent(const ContextNode& node, Addr type) const {
  const image::RuntimeType* own = values_.types().at(type);
  if (own != nullptr && own->kind == image::TypeKind::pointer) {
    own = values_.types().at(own->element);
  }
  if (own == nullptr || own->kind != image::TypeKind::structure) return {};
  for (const image::RuntimeField& field : own->fields) {
    const image::RuntimeType* held = values_.types().at(field.type);
    if (held != nullptr && values_.types().fullName(*held) == "context.Context") {
      return values_.interface(node.address + field.offset);
    }
  }
  return {};
}

Interface ContextReader::parentOf(const ContextNode& node, Addr type) const {
  switch (node.kind) {
    case ContextKind::cancel:
    case ContextKind::deadline:
    case ContextKind::afterFunc: {
      const Addr part = cancelPart(node);
      return part == 0 ? Interface{} : values_.interface(part + layout_.context);
    }
    case ContextKind::value:
      return layout_.value == kAbsent ? Interface{}
                                      : values_.interface(node.address + layout_.value);
    case ContextKind::withoutCancel:
      return layout_.without == kAbsent ? Interface{}
                                        : values_.interface(node.address + layout_.without);
    case ContextKind::root:
      return {};
    case ContextKind::custom:
      break;
  }
  return customParent(node, type);
}

/// What derives from a context has one.
bool ContextReader::isContext(const Interface& context) const {
  ContextNode node;
  node.address = context.data;
  node.kind = kindOf(values_.typeName(context.type));
  return node.kind == ContextKind::root || node.kind == ContextKind::custom ||
         parentOf(node, context.type).type != 0;
}

/// The node of a context, and those of all it derives from.
Index ContextReader::nodeAt(Interface context) {
  Index first = kNone, below = kNone;
  while (context.type != 0 && context.data != 0 && contexts_.nodes.size() < kMaxNodes) {
    const auto known = byValue_.find({context.data, context.type});
    const bool isNew = known == byValue_.end();
    if (isNew && !values_.memory().contains(context.data)) break;
    const Index index = isNew ? create(context, values_.typeName(context.type)) : known->second;
    if (first == kNone) first = index;
    if (below != kNone) contexts_.nodes[below].parent = index;
    if (!isNew) break;
    below = index;
    context = parentOf(contexts_.nodes[index], types_[index]);
  }
  return first;
}

void ContextReader::readCancel(ContextNode& node) {
  const Addr part = cancelPart(node);
  if (part == 0) return;
  // An atomic.Value or an interface: the first word is its type, the second what it holds.
  node.done = values_.pointer(part + layout_.done + kWord);
  node.cancelled = values_.pointer(part + layout_.error) != 0;
  if (node.kind == ContextKind::afterFunc && layout_.callback != kAbsent) {
    node.callback = values_.pointer(values_.pointer(node.address + layout_.callback));
  }
  if (node.kind != ContextKind::deadline || !layout_.timer) return;
  const auto object = heap_.find(values_.pointer(node.address + layout_.timer.offset));
  const auto timer = object ? timerObjects_.find(heap_.address(object)) : golang::AddrMap::kMissing;
  if (timer == golang::AddrMap::kMissing || timers_.all[timer].stopped) return;
  node.timer = timer;
  node.deadline = timers_.all[timer].when;
  node.deadlineKnown = true;
}

void ContextReader::readChildren(Index index) {
  const Addr part = cancelPart(contexts_.nodes[index]);
  if (part == 0) return;
  std::uint64_t count = 0;
  const auto state = maps_.visit(values_.pointer(part + layout_.children.offset), *childrenType_,
                                 [&](Addr key, Addr) {
                                   if (!progress_.step()) return;
                                   ++count;
                                   if (const auto object = heap_.find(key))
                                     mapParts_.insert(heap_.address(object), 0);
                                   const Index child = nodeAt(values_.interface(key));
                                   if (child != kNone && child != index)
                                     contexts_.nodes[child].registered = index;
                                 });
  contexts_.nodes[index].cancelables = count;
  if (state == golang::MapState::damaged) {
    incomplete_.add("contexts", "a context's children are not readable", part);
  }
}

/// A context with a deadline and without a parent to cancel it may have nobody but its timer: the
/// timer's function has captured it, and it has the timer.
void ContextReader::addFromTimers() {
  constexpr std::uint64_t kCaptured = 4;  // words
  const Addr type = values_.types().find("*context.timerCtx");
  if (type == 0 || !layout_.timer) return;
  for (const golang::Timer& timer : timers_.all) {
    if (!progress_.step()) return;
    if (timer.kind != golang::TimerKind::contextDeadline || timer.stopped) continue;
    const auto object = heap_.find(timer.address);
    const auto closure = heap_.find(timer.closure);
    if (!object || !closure) continue;
    const std::uint64_t words = heap_.spans()[closure.span].elementSize / kWord;
    for (std::uint64_t i = 1; i < std::min(words, kCaptured + 1); ++i) {
      const Addr captured = values_.pointer(heap_.address(closure) + i * kWord);
      const auto context = heap_.find(captured);
      if (!context || heap_.address(context) != captured) continue;
      if (heap_.find(values_.pointer(captured + layout_.timer.offset)) != object) continue;
      (void)nodeAt({type, captured});
      break;
    }
  }
}

/// In undamaged memory there are none. Every node's way up must end.
void ContextReader::cutCycles() {
  auto& nodes = contexts_.nodes;
  std::vector<std::uint8_t> state(nodes.size(), 0);  // 1: on the way, 2: ends
  std::vector<Index> way;
  for (Index i = 0; i < nodes.size(); ++i) {
    Index at = i;
    while (at != kNone && state[at] == 0) {
      state[at] = 1;
      way.push_back(at);
      at = nodes[at].parent;
    }
    if (at != kNone && state[at] == 1) {
      nodes[way.back()].parent = kNone;
      incomplete_.add("contexts", "a context derives from itself", nodes[at].address);
    }
    for (const Index each : way) state[each] = 2;
    way.clear();
  }
  for (const ContextNode& node : nodes) {
    if (node.parent != kNone) ++nodes[node.parent].children;
  }
}

void ContextReader::addGoroutines() {
  golang::AddrMap byDone;
  for (Index i = 0; i < contexts_.nodes.size(); ++i) byDone.insert(contexts_.nodes[i].done, i);
  for (const golang::Wait& wait : snapshot_.waits) {
    if (wait.kind != golang::ObjectKind::channel) continue;
    const auto at = byDone.find(wait.address);
    if (at == golang::AddrMap::kMissing) continue;
    auto& goroutines = contexts_.nodes[at].goroutines;
    if (goroutines.empty() || goroutines.back() != wait.goroutine) {
      goroutines.push_back(wait.goroutine);
    }
  }
}

void ContextReader::read(const Finder& finder, Finder& again) {
  std::vector<Finder::Found> found = finder.ofInterface("context.Context");
  for (const char* type : {"*context.cancelCtx", "*context.timerCtx", "*context.afterFuncCtx"}) {
    const auto more = finder.ofType(type);
    found.insert(found.end(), more.begin(), more.end());
  }
  if (!layout_.usable) {
    if (!found.empty() && values_.types().find("context.cancelCtx") != 0) {
      incomplete_.add("contexts", "the layout of context.cancelCtx is not known");
    }
    return;
  }
  for (const Finder::Found& each : found) {
    if (!progress_.step()) return;
    if (finder.isReachable(each.address) && isContext({each.type, each.address})) {
      (void)nodeAt({each.type, each.address});
    }
  }
  addFromTimers();
  for (Index i = 0; i < contexts_.nodes.size(); ++i) {
    if (!progress_.step()) return;
    if (!canBeCancelled(contexts_.nodes[i].kind)) continue;
    readCancel(contexts_.nodes[i]);
    readChildren(i);
  }
  if (contexts_.nodes.size() >= kMaxNodes) {
    incomplete_.add("contexts", "there are too many of them");
  }
  cutCycles();
  addGoroutines();
  if (!proved_) return;
  for (const ContextNode& node : contexts_.nodes) {
    if (!heap_.find(node.address)) continue;
    if (canBeCancelled(node.kind) || node.kind == ContextKind::value) {
      again.wantTarget(node.address);
      if (const Addr part = cancelPart(node); part != node.address) again.wantTarget(part);
    }
  }
}

void ContextReader::judgeHolders(const Finder& again) {
  if (!proved_) return;
  auto& nodes = contexts_.nodes;
  std::vector<bool> held(nodes.size(), false);
  const auto isHeld = [&](Index i) {
    const ContextNode& node = nodes[i];
    if (!canBeCancelled(node.kind) && node.kind != ContextKind::value) return true;
    if (!heap_.find(node.address)) return true;
    const Addr closure = node.timer == kNone ? Addr{0} : timers_.all[node.timer].closure;
    for (const Addr part : {node.address, cancelPart(node)}) {
      if (!again.knowsHolders(part)) return true;
      for (const Holder& holder : again.holdersOf(part)) {
        if (holder.object == 0) return true;
        if (!holder.reachable || holder.object == closure) continue;
        if (mapParts_.contains(holder.object) || nodeObjects_.contains(holder.object)) continue;
        return true;
      }
      if (part == cancelPart(node)) break;
    }
    return false;
  };
  for (Index i = 0; i < nodes.size() && progress_.step(); ++i) held[i] = isHeld(i);
  // Who has a derived context can tell that it ends with this one, but what AfterFunc hung on it
  // belongs to nobody.
  for (Index i = 0; i < nodes.size(); ++i) {
    if (!held[i] || nodes[i].kind == ContextKind::afterFunc) continue;
    for (Index up = nodes[i].parent; up != kNone && !held[up]; up = nodes[up].parent) {
      held[up] = true;
    }
  }
  for (Index i = 0; i < nodes.size(); ++i) {
    ContextNode& node = nodes[i];
    if (!canBeCancelled(node.kind)) continue;
    node.lost = !held[i] && !node.cancelled && (node.registered != kNone || node.timer != kNone);
  }
}

}  // namespace parked::resources
