// What a call does to what is known.

#include <algorithm>

#include "leak/lock_flow.h"

namespace parked::leak {

CodeFacts::Callee LockFlow::calleeOf(const State& state, const Instruction& instruction) {
  if (instruction.destination() != 0) return facts_.callee(instruction.destination());
  const Operand& a = instruction.a;
  const Value& target = values_[valueOf(state, instruction, a)];
  if (target.kind == Value::Kind::constant && facts_.isFunction(static_cast<Addr>(target.number))) {
    return facts_.callee(static_cast<Addr>(target.number));
  }
  return {};
}

void LockFlow::stepCall(State& state, const Instruction& instruction) {
  const CodeFacts::Callee callee = calleeOf(state, instruction);
  switch (callee.kind) {
    case CodeFacts::Kind::moreStack:
    case CodeFacts::Kind::moreStackContext:
      for (int reg = 0; reg < kRegisters; ++reg) {
        const bool kept =
            reg == rules_.stackPointer || reg == rules_.goroutine ||
            (reg == rules_.closure && callee.kind == CodeFacts::Kind::moreStackContext);
        if (!kept) state.registers[reg] = values_.opaque(instruction.pc, reg);
      }
      return;
    case CodeFacts::Kind::writeBarrier:
      for (Register reg = 0; reg < kRegisters; ++reg) {
        const bool byTheCall = (instruction.written >> reg & 1) != 0 && reg != rules_.stackPointer;
        if (reg == rules_.barrierScratch || byTheCall) {
          state.registers[reg] = values_.opaque(instruction.pc, reg);
        }
      }
      return;
    case CodeFacts::Kind::fill:
      spoilFrom(state, instruction.pc, state.registers[rules_.fill], callee.filled);
      if (rules_.copy != rules_.fill) {
        spoilFrom(state, instruction.pc, state.registers[rules_.copy], callee.filled);
      }
      break;
    case CodeFacts::Kind::runsDeferred:
      // What is deferred is not followed: it may be the Unlock of whatever is held.
      std::erase_if(state.events, &LockEvent::acquires);
      break;
    default:
      break;
  }
  SiteId result = kNoSite;
  if (callee.kind == CodeFacts::Kind::lock) {
    const SiteId site = siteOf({instruction.next(), false, 0, 0});
    apply(state, {.site = site,
                  .lock = state.registers[rules_.arguments[0]],
                  .mode = callee.lock.mode,
                  .acquires = callee.lock.acquires,
                  .certain = !callee.lock.tries});
    if (callee.lock.tries) result = site;
  } else if (callee.summary != nullptr) {
    applySummary(state, instruction, *callee.summary);
    if (callee.summary->result != kNoSite) {
      const LockSite& inner = callee.summary->sites[callee.summary->result];
      result = siteOf({inner.pc, inner.exact, instruction.next(), 0});
    }
  }
  clobber(state, instruction, callee);
  if (result != kNoSite) {
    state.registers[rules_.result()] = values_.of({.kind = Value::Kind::acquired, .a = result});
  }
}

/// A call leaves nothing in registers; in the frame it may write its arguments' words, and
/// variables whose address was taken. Closures in the frame are written once.
void LockFlow::clobber(State& state, const Instruction& instruction,
                       const CodeFacts::Callee& callee) {
  for (int reg = 0; reg < kRegisters; ++reg) {
    if (reg == rules_.stackPointer || reg == rules_.goroutine || reg == rules_.framePointer)
      continue;
    state.registers[reg] = values_.opaque(instruction.pc, reg);
  }
  if (const auto sp = frameOffset(state.registers[rules_.stackPointer])) {
    const auto reserved = static_cast<std::int64_t>(arch_.frames.minFrameSize);
    const std::int64_t end = callee.argBytes ? *sp + reserved + *callee.argBytes : frame_.locals;
    for (Word& word : state.words) {
      if (word.offset >= *sp && word.offset < end) {
        word.value = values_.opaque(instruction.pc, kUnknownExtent + word.offset);
      }
    }
  }
  const auto closure = [&](std::int64_t offset) {
    const Value& first = values_[wordAt(state, offset)];
    return first.kind == Value::Kind::constant &&
           facts_.isFunction(static_cast<Addr>(first.number));
  };
  const auto written = [&](const CodeFacts::Range& range) {
    if (closure(range.from)) return;
    for (Word& word : state.words) {
      if (word.offset >= range.from && word.offset < range.to) {
        word.value = values_.opaque(instruction.pc, kUnknownExtent + word.offset);
      }
    }
  };
  for (const CodeFacts::Range& object : frame_.objects) written(object);
  for (const std::int64_t offset : taken_) {
    const auto covers = [offset](const CodeFacts::Range& object) {
      return offset >= object.from && offset < object.to;
    };
    if (std::ranges::none_of(frame_.objects, covers)) written({offset, offset + kFrameWord});
  }
}

/// A value of a function that was called, in terms of the caller.
ValueId LockFlow::translate(const State& state, const Instruction& call, const LockSummary& summary,
                            ValueId id, int depth) {
  constexpr int kDeep = 12;
  const Value value = (*summary.values)[id];
  const auto inner = [&](ValueId part) { return translate(state, call, summary, part, depth + 1); };
  if (depth < kDeep) {
    switch (value.kind) {
      case Value::Kind::entryRegister:
        return state.registers[value.a];
      case Value::Kind::constant:
        return values_.constant(value.number);
      case Value::Kind::offset:
        return values_.plus(inner(value.a), value.number);
      case Value::Kind::sum:
        return values_.plus(inner(value.a), inner(value.b));
      case Value::Kind::scaled:
        return values_.times(inner(value.a), value.number);
      case Value::Kind::entryWord:
        if (const auto sp = frameOffset(state.registers[rules_.stackPointer]);
            sp && value.number >= 0) {
          return wordAt(state, *sp + value.number);
        }
        break;
      case Value::Kind::load: {
        const ValueId address = inner(value.a);
        if (const auto offset = frameOffset(address)) return wordAt(state, *offset);
        return values_.load(address, call.pc ^ static_cast<Addr>(value.number) << 20);
      }
      default:
        break;
    }
  }
  return values_.opaque(call.pc, kUnknownExtent * kUnknownExtent + id);
}

void LockFlow::applySummary(State& state, const Instruction& call, const LockSummary& summary) {
  for (const LockEvent& event : summary.events) {
    const LockSite& inner = summary.sites[event.site];
    LockEvent mine = event;
    mine.lock = translate(state, call, summary, event.lock, 0);
    mine.site = siteOf({inner.pc, inner.exact, call.next(), 0});
    apply(state, mine);
  }
}

}  // namespace parked::leak
