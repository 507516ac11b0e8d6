#include "leak/lock_flow.h"

#include <algorithm>

namespace parked::leak {

namespace {

constexpr int kMaxPasses = 40;
constexpr std::size_t kMaxValues = 1 << 20;
constexpr std::int64_t kPlaceOfWord = std::int64_t{1} << 32, kPlaceOfEvent = std::int64_t{1} << 40;

}  // namespace

LockFlow::LockFlow(const arch::Architecture& arch, std::vector<Instruction> code, FrameFacts frame,
                   CodeFacts& facts)
    : arch_(arch),
      rules_(arch.calls),
      code_(std::move(code)),
      frame_(std::move(frame)),
      facts_(facts) {}

LockFlow::State LockFlow::entryState() {
  State state;
  for (std::uint32_t reg = 0; reg < kRegisters; ++reg) {
    state.registers[reg] = values_.of({.kind = Value::Kind::entryRegister, .a = reg});
  }
  state.registers[rules_.stackPointer] =
      values_.frame(-static_cast<std::int64_t>(arch_.frames.returnSlot));
  return state;
}

/// Of what comes in on several ways: itself is what the value is there already.
ValueId LockFlow::mergeValue(ValueId a, ValueId b, std::uint32_t block, std::int64_t place) {
  if (a == b) return a;
  const ValueId merged = values_.of({.kind = Value::Kind::merged, .a = block, .number = place});
  if (b == merged) return a;
  if (a == merged) return b;
  return merged;
}

namespace {

const LockEvent* eventOf(const LockFlow::State& state, SiteId site) {
  const auto at = std::ranges::find(state.events, site, &LockEvent::site);
  return at == state.events.end() ? nullptr : &*at;
}

/// "Not zero if the lock was got", of a result that is 1 where it was and 0 where it was not; the
/// site, or kNoSite.
SiteId resultOf(const Values& values, const LockFlow::State& got, ValueId one,
                const LockFlow::State& lost, ValueId zero) {
  if (values[zero].kind != Value::Kind::constant || values[zero].number != 0) return kNoSite;
  const Value& value = values[one];
  if (value.kind == Value::Kind::acquired) {
    return eventOf(lost, value.a) == nullptr ? value.a : kNoSite;
  }
  if (value.kind != Value::Kind::constant || value.number == 0) return kNoSite;
  for (const LockEvent& event : got.events) {
    if (event.acquires && event.certain && eventOf(lost, event.site) == nullptr) return event.site;
  }
  return kNoSite;
}

}  // namespace

void LockFlow::merge(State& into, const State& from, std::uint32_t block, bool back) {
  for (int reg = 0; reg < kRegisters; ++reg) {
    const ValueId a = into.registers[reg], b = from.registers[reg];
    if (a == b) continue;
    SiteId site = resultOf(values_, into, a, from, b);
    if (site == kNoSite) site = resultOf(values_, from, b, into, a);
    into.registers[reg] = site != kNoSite ? values_.of({.kind = Value::Kind::acquired, .a = site})
                                          : mergeValue(a, b, block, reg);
  }
  if (into.flags != from.flags) into.flags = {};
  mergeWords(into, from, block);
  mergeEvents(into, from, block, back);
}

void LockFlow::mergeWords(State& into, const State& from, std::uint32_t block) {
  std::vector<Word> merged;
  merged.reserve(std::max(into.words.size(), from.words.size()));
  auto a = into.words.begin();
  auto b = from.words.begin();
  const auto entry = [this](std::int64_t offset) {
    return values_.of({.kind = Value::Kind::entryWord, .number = offset});
  };
  while (a != into.words.end() || b != from.words.end()) {
    const bool left = b == from.words.end() || (a != into.words.end() && a->offset <= b->offset);
    const bool right = a == into.words.end() || (b != from.words.end() && b->offset <= a->offset);
    const std::int64_t offset = left ? a->offset : b->offset;
    merged.push_back(
        {offset, mergeValue(left ? a->value : entry(offset), right ? b->value : entry(offset),
                            block, kPlaceOfWord + offset)});
    if (left) ++a;
    if (right) ++b;
  }
  into.words = std::move(merged);
}

/// What happened on some ways only is not certain. If it comes around a loop, the value that was
/// the lock may by now be that of another turn.
void LockFlow::mergeEvents(State& into, const State& from, std::uint32_t block, bool back) {
  for (LockEvent& event : into.events) {
    const LockEvent* other = eventOf(from, event.site);
    if (other == nullptr) {
      event.certain = false;
      continue;
    }
    event.certain = event.certain && other->certain;
    event.lock = mergeValue(event.lock, other->lock, block, kPlaceOfEvent + event.site);
  }
  for (LockEvent event : from.events) {
    if (eventOf(into, event.site) != nullptr) continue;
    event.certain = false;
    if (back && !values_.ofEntry(event.lock)) {
      event.lock = values_.of({.kind = Value::Kind::merged,
                               .a = block,
                               .number = kPlaceOfEvent + std::int64_t{event.site}});
    }
    into.events.push_back(event);
  }
}

/// On a way on which the outcome of an attempt to lock is known.
void LockFlow::refine(State& state, SiteId site, bool got) {
  const auto at = std::ranges::find(state.events, site, &LockEvent::site);
  if (at == state.events.end()) return;
  if (got) {
    at->certain = true;
  } else {
    state.events.erase(at);
  }
}

/// Which outcome a branch asks about.
LockFlow::Flags LockFlow::askedBy(const State& state, const Instruction& branch) const {
  const Operand& b = branch.b;
  if (b.kind == Operand::Kind::none) return state.flags;
  if (b.kind != Operand::Kind::reg || b.reg < 0) return {};
  const Value& tested = values_[state.registers[b.reg]];
  return tested.kind == Value::Kind::acquired ? Flags{tested.a, false} : Flags();
}

LockFlow::State LockFlow::join(std::uint32_t index) {
  const Block& block = blocks_[index];
  State in;
  bool any = false;
  if (index == 0) {
    in = entryState();
    any = true;
  }
  for (const Edge& edge : block.from) {
    const Block& from = blocks_[edge.from];
    if (!from.done) continue;
    State out = from.out;
    const Instruction& last = code_[from.last - 1];
    const Flags asked = last.op == Op::branch ? askedBy(out, last) : Flags();
    if (last.condition != Condition::other && asked.site != kNoSite && from.next.size() == 2) {
      const bool equal = (last.condition == Condition::equal) == edge.taken;
      refine(out, asked.site, equal == asked.whenEqual);
    }
    const bool back = from.order >= block.order;
    if (!any) {
      in = std::move(out);
    } else {
      merge(in, out, index, back);
    }
    any = true;
  }
  return in;
}

/// Goes through the blocks until nothing changes any more.
bool LockFlow::settle() {
  for (Block& block : blocks_) block.done = false;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    bool changed = false;
    for (const std::uint32_t index : order_) {
      State in = join(index);
      Block& block = blocks_[index];
      if (block.done && in == block.in) continue;
      changed = true;
      block.in = in;
      for (std::uint32_t i = block.first; i < block.last; ++i) step(in, code_[i]);
      block.out = std::move(in);
      block.done = true;
      if (values_.size() > kMaxValues) return false;
    }
    if (!changed) return true;
  }
  return false;
}

bool LockFlow::run() {
  if (code_.empty() || !makeBlocks()) return false;
  number();
  // Which variables have their address taken is known when all has been gone through once.
  std::size_t taken = 0;
  do {
    taken = taken_.size();
    if (!settle()) return false;
  } while (taken != taken_.size());
  return true;
}

const Instruction* LockFlow::at(Addr pc, bool exact) const {
  const auto found = exact ? std::ranges::lower_bound(code_, pc, {}, &Instruction::pc)
                           : std::ranges::lower_bound(
                                 code_, pc, {}, [](const Instruction& i) { return i.next(); });
  if (found == code_.end()) return nullptr;
  if (exact) return found->pc == pc ? &*found : nullptr;
  return found->next() == pc && found->op == Op::call ? &*found : nullptr;
}

std::optional<LockFlow::State> LockFlow::before(Addr pc, bool exact) {
  const Instruction* stop = at(pc, exact);
  if (stop == nullptr) return std::nullopt;
  const auto index = static_cast<std::uint32_t>(stop - code_.data());
  const auto block = std::ranges::upper_bound(blocks_, index, {}, &Block::first);
  if (block == blocks_.begin() || !std::prev(block)->done) return std::nullopt;
  State state = std::prev(block)->in;
  for (std::uint32_t i = std::prev(block)->first; i < index; ++i) step(state, code_[i]);
  return state;
}

LockSummary LockFlow::summary() const {
  LockSummary summary{.values = &values_, .sites = sites_};
  bool first = true;
  for (const Block& block : blocks_) {
    const Instruction& last = code_[block.last - 1];
    const bool leaves = last.op == Op::ret || (last.op == Op::jump && block.next.empty());
    if (!block.done || !leaves) continue;
    const Value& result = values_[block.out.registers[rules_.result()]];
    const SiteId site = result.kind == Value::Kind::acquired ? result.a : kNoSite;
    if (first) {
      summary.events = block.out.events;
      summary.result = site;
      first = false;
      continue;
    }
    if (site != summary.result) summary.result = kNoSite;
    for (LockEvent& event : summary.events) {
      const LockEvent* other = eventOf(block.out, event.site);
      event.certain =
          event.certain && other != nullptr && other->certain && other->lock == event.lock;
    }
    for (LockEvent event : block.out.events) {
      if (std::ranges::find(summary.events, event.site, &LockEvent::site) == summary.events.end()) {
        event.certain = false;
        summary.events.push_back(event);
      }
    }
  }
  return summary;
}

}  // namespace parked::leak
