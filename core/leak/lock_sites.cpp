#include "leak/lock_sites.h"

#include <algorithm>

namespace parked::leak {

namespace {

constexpr std::uint32_t kNotTold = LockUse::kNotTold;

}  // namespace

/// Finds the values of a state in the words of the frame.
class LockSites::Reader {
 public:
  /// `waited`: the lock that is being taken.
  Reader(LockCode& locks, LockFlow& flow, const LockFlow::State& state,
         std::optional<ValueId> waited, FrameLocks& out)
      : locks_(locks), flow_(flow), state_(state), out_(out) {
    if (waited) waited_ = flow.values().split(*waited);
    for (const LockFlow::Word& word : state.words) {
      const Values::Split split = flow.values().split(word.value);
      words_.try_emplace(split.base, word.offset, split.offset);
    }
  }

  LockUse read(const LockEvent& event, const std::vector<image::SourceFrame>& now) {
    LockUse use;
    use.mode = event.mode;
    use.acquires = event.acquires;
    use.certain = event.certain;
    use.exact = true;
    use.address = expression(event.lock, use.exact, 0);
    setPlaces(use, flow_.sites()[event.site], now);
    return use;
  }
  void readClosures(const std::vector<image::SourceFrame>& now);

 private:
  struct At {
    std::int64_t offset = 0, behind = 0;  // of the word, and what is added to the value there
  };

  void setPlaces(LockUse& use, const LockSite& site, const std::vector<image::SourceFrame>& now) {
    std::vector<std::string_view> around;
    use.place = locks_.placeOf(site, around);
    const auto mine = std::ranges::find_if(now, [&](const image::SourceFrame& frame) {
      return std::ranges::find(around, frame.function) != around.end();
    });
    if (now.empty()) return;
    const image::SourceFrame& frame = mine != now.end() ? *mine : now.back();
    use.now = {frame.function, frame.file, frame.line};
  }

  std::uint32_t add(const Expression& expression) {
    out_.expressions.push_back(expression);
    return static_cast<std::uint32_t>(out_.expressions.size() - 1);
  }
  std::uint32_t plus(std::uint32_t expression, std::int64_t number) {
    if (expression == kNotTold || number == 0) return expression;
    return add({.kind = Expression::Kind::offset, .a = expression, .number = number});
  }
  std::uint32_t expression(ValueId id, bool& exact, int depth);
  std::uint32_t compound(const Value& value, ValueId id, bool& exact, int depth);

  LockCode& locks_;
  LockFlow& flow_;
  const LockFlow::State& state_;
  FrameLocks& out_;
  std::optional<Values::Split> waited_;
  std::unordered_map<ValueId, At> words_;  // by the value without what is added
};

std::uint32_t LockSites::Reader::expression(ValueId id, bool& exact, int depth) {
  constexpr int kDeep = 12;
  if (depth > kDeep) return kNotTold;
  const Values& values = flow_.values();
  const Values::Split split = values.split(id);
  const auto at = words_.find(split.base);
  if (at != words_.end()) {
    return plus(add({.kind = Expression::Kind::word, .number = at->second.offset}),
                split.offset - at->second.behind);
  }
  if (waited_ && waited_->base == split.base) {
    return plus(add({.kind = Expression::Kind::waited}), split.offset - waited_->offset);
  }
  return plus(compound(values[split.base], split.base, exact, depth), split.offset);
}

std::uint32_t LockSites::Reader::compound(const Value& value, ValueId id, bool& exact, int depth) {
  using Kind = Expression::Kind;
  switch (value.kind) {
    case Value::Kind::constant:
      return add({.kind = Kind::constant, .number = value.number});
    case Value::Kind::frame:
      return add({.kind = Kind::frame, .number = value.number});
    case Value::Kind::entryWord:
      // It has not been written since; what lies below its end was never there.
      if (value.number < 0 || flow_.wordAt(state_, value.number) != id) return kNotTold;
      return add({.kind = Kind::word, .number = value.number});
    case Value::Kind::sum: {
      const std::uint32_t a = expression(value.a, exact, depth + 1);
      const std::uint32_t b = expression(value.b, exact, depth + 1);
      if (a == kNotTold || b == kNotTold) return kNotTold;
      return add({.kind = Kind::sum, .a = a, .b = b});
    }
    case Value::Kind::scaled: {
      const std::uint32_t a = expression(value.a, exact, depth + 1);
      if (a == kNotTold) return kNotTold;
      return add({.kind = Kind::scaled, .a = a, .number = value.number});
    }
    case Value::Kind::load: {
      // A variable that is not the frame's, and a closure's, are read as they are now. The former
      // seldom change, the latter never do.
      const Value& from = flow_.values()[flow_.values().split(value.a).base];
      const bool closure = from.kind == Value::Kind::entryRegister &&
                           from.a == static_cast<std::uint32_t>(locks_.rules().closure);
      if (from.kind != Value::Kind::constant && !closure) exact = false;
      const std::uint32_t a = expression(value.a, exact, depth + 1);
      if (a == kNotTold) return kNotTold;
      return add({.kind = Kind::load, .a = a});
    }
    default:
      return kNotTold;
  }
}

/// A closure that the frame has made: its code, and behind that what it uses of the frame. What is
/// deferred is such a one.
void LockSites::Reader::readClosures(const std::vector<image::SourceFrame>& now) {
  for (const LockFlow::Word& word : state_.words) {
    const Value& code = flow_.values()[word.value];
    if (code.kind != Value::Kind::constant || !locks_.isFunction(static_cast<Addr>(code.number))) {
      continue;
    }
    const LockSummary* summary = locks_.summaryAt(static_cast<Addr>(code.number));
    if (summary == nullptr) continue;
    for (const LockEvent& event : summary->events) {
      const Values& values = *summary->values;
      const Values::Split lock = values.split(event.lock);
      const Value& loaded = values[lock.base];
      if (event.acquires || loaded.kind != Value::Kind::load) continue;
      const Values::Split from = values.split(loaded.a);
      const Value& base = values[from.base];
      if (base.kind != Value::Kind::entryRegister ||
          base.a != static_cast<std::uint32_t>(locks_.rules().closure))
        continue;
      LockUse use;
      use.mode = event.mode;
      use.exact = true;
      use.certain = event.certain;
      use.address = plus(expression(flow_.wordAt(state_, word.offset + from.offset), use.exact, 0),
                         lock.offset);
      setPlaces(use, summary->sites[event.site], now);
      if (use.address != kNotTold && use.exact) out_.deferred.push_back(use);
    }
  }
}

const FrameLocks& LockSites::at(image::FuncIndex function, Addr pc, bool exact) {
  const auto [at, isNew] = known_.try_emplace(pc * 2 + (exact ? 1 : 0));
  FrameLocks& result = at->second;
  if (!isNew || function == image::kNoFunc) return result;
  LockFlow* flow = locks_.flowOf(function);
  if (flow == nullptr) return result;
  auto state = flow->before(pc, exact);
  if (!state) return result;
  result.defers = flow->defers();
  // In the middle of a Lock it has not got it.
  std::optional<ValueId> waited;
  if (const std::uint64_t instance = locks_.acquiringAt(pc, exact); instance != 0) {
    const auto last =
        std::find_if(state->events.rbegin(), state->events.rend(), [&](const LockEvent& event) {
          return event.acquires && flow->sites()[event.site].instance == instance;
        });
    if (last != state->events.rend()) {
      waited = last->lock;
      state->events.erase(std::next(last).base());
    }
  } else if (const Instruction* call = exact ? nullptr : flow->at(pc, false);
             call != nullptr && locks_.locks(call->destination())) {
    waited = state->registers[locks_.rules().arguments.front()];
  }
  std::vector<image::SourceFrame> now;
  code_.expand(pc, exact, now);
  Reader reader(locks_, *flow, *state, waited, result);
  for (const LockEvent& event : state->events) result.done.push_back(reader.read(event, now));
  reader.readClosures(now);
  for (const LockEvent& event : flow->summary().events) {
    const bool isDone =
        std::ranges::find(state->events, event.site, &LockEvent::site) != state->events.end();
    if (event.acquires || isDone) continue;
    LockUse use = reader.read(event, now);
    if (use.address != kNotTold && use.exact) result.left.push_back(use);
  }
  return result;
}

std::optional<Addr> FrameLocks::evaluate(std::uint32_t index, const Frame& frame) const {
  if (index >= expressions.size()) return std::nullopt;
  const Expression& it = expressions[index];
  const auto number = static_cast<Addr>(it.number);
  Addr word = 0;
  // An expression refers to older ones only.
  const auto a = [&] { return evaluate(it.a, frame); };
  switch (it.kind) {
    case Expression::Kind::word:
      return frame.memory.read(frame.end + number, word) ? std::optional(word) : std::nullopt;
    case Expression::Kind::constant:
      return number;
    case Expression::Kind::waited:
      return frame.waited != 0 ? std::optional(frame.waited) : std::nullopt;
    case Expression::Kind::frame:
      return frame.end + number;
    case Expression::Kind::offset:
      if (const auto from = a()) return *from + number;
      return std::nullopt;
    case Expression::Kind::scaled:
      if (const auto from = a()) return *from * number;
      return std::nullopt;
    case Expression::Kind::sum: {
      const auto from = a();
      const auto other = evaluate(it.b, frame);
      if (!from || !other) return std::nullopt;
      return *from + *other;
    }
    case Expression::Kind::load: {
      const auto from = a();
      if (!from || !frame.memory.read(*from, word)) return std::nullopt;
      return word;
    }
  }
  return std::nullopt;
}

}  // namespace parked::leak
