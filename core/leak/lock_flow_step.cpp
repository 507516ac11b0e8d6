// What an instruction does to what is known.

#include <algorithm>

#include "leak/lock_flow.h"

namespace parked::leak {

namespace {

std::int64_t wordStart(std::int64_t offset) {
  return offset >= 0 ? offset / kFrameWord * kFrameWord
                     : -((-offset + kFrameWord - 1) / kFrameWord * kFrameWord);
}

/// What a string instruction fills that is repeated so many times.
std::optional<Filled> repeated(const Value& count, const Operand& element) {
  constexpr std::int64_t kMost = 1 << 20;  // bytes; frames are smaller
  if (count.kind != Value::Kind::constant || element.kind != Operand::Kind::memory) return {};
  if (count.number < 0 || count.number > kMost || element.size == 0) return {};
  return Filled{0, std::max<std::int64_t>(count.number, 1) * element.size};
}

bool keepsFlags(Op op) {
  switch (op) {
    case Op::nothing:
    case Op::move:
    case Op::moveNarrow:
    case Op::address:
    case Op::push:
    case Op::pop:
    case Op::setOn:
    case Op::jump:
    case Op::branch:
      return true;
    default:
      return false;
  }
}

}  // namespace

SiteId LockFlow::siteOf(const LockSite& site) {
  const auto at = std::ranges::find(sites_, site);
  if (at != sites_.end()) return static_cast<SiteId>(at - sites_.begin());
  sites_.push_back(site);
  return static_cast<SiteId>(sites_.size() - 1);
}

std::optional<std::int64_t> LockFlow::frameOffset(ValueId value) const {
  const Value& it = values_[value];
  if (it.kind != Value::Kind::frame) return std::nullopt;
  return it.number;
}

ValueId LockFlow::wordAt(const State& state, std::int64_t offset) {
  const auto at = std::ranges::lower_bound(state.words, offset, {}, &Word::offset);
  if (at != state.words.end() && at->offset == offset) return at->value;
  return values_.of({.kind = Value::Kind::entryWord, .number = offset});
}

void LockFlow::setWord(State& state, std::int64_t offset, ValueId value) {
  const auto at = std::ranges::lower_bound(state.words, offset, {}, &Word::offset);
  if (at != state.words.end() && at->offset == offset) {
    at->value = value;
  } else {
    state.words.insert(at, {offset, value});
  }
}

/// Something was written to the frame's bytes [from, to) that is not known.
void LockFlow::spoil(State& state, Addr pc, std::int64_t from, std::int64_t to) {
  if (to - from > kUnknownExtent) {  // no need for an entry for each word
    for (Word& word : state.words) {
      if (word.offset + kFrameWord > from && word.offset < to) {
        word.value = values_.opaque(pc, kUnknownExtent + word.offset);
      }
    }
    return;
  }
  for (std::int64_t at = wordStart(from); at < to; at += kFrameWord) {
    setWord(state, at, values_.opaque(pc, kUnknownExtent + at));
  }
}

ValueId LockFlow::addressOf(const State& state, const Instruction& instruction,
                            const Operand& memory) {
  if (memory.base == kOtherRegister || memory.index == kOtherRegister) {
    return values_.opaque(instruction.pc, -1);
  }
  ValueId address = memory.base == kNoRegister ? values_.constant(0) : state.registers[memory.base];
  if (memory.index != kNoRegister) {
    address = values_.plus(address, values_.times(state.registers[memory.index], memory.scale));
  }
  return values_.plus(address, memory.value);
}

/// All eight bytes of it; narrower ones are not followed, but for a result that is zero or not.
ValueId LockFlow::valueOf(const State& state, const Instruction& instruction,
                          const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::immediate:
      return values_.constant(operand.value);
    case Operand::Kind::reg: {
      if (operand.reg < 0) break;
      const ValueId value = state.registers[operand.reg];
      const Value::Kind kind = values_[value].kind;
      const bool whole = operand.size == kFrameWord || kind == Value::Kind::constant ||
                         kind == Value::Kind::acquired;
      if (!whole) break;
      return value;
    }
    case Operand::Kind::memory: {
      if (operand.size != kFrameWord) break;
      const ValueId address = addressOf(state, instruction, operand);
      if (const auto offset = frameOffset(address)) return wordAt(state, *offset);
      return values_.load(address, instruction.pc);
    }
    case Operand::Kind::none:
      break;
  }
  return values_.opaque(instruction.pc, -2);
}

/// Memory from an address on was filled: what is told, or as much as is likely.
void LockFlow::spoilFrom(State& state, Addr pc, ValueId address,
                         const std::optional<Filled>& filled) {
  const auto offset = frameOffset(address);
  if (!offset) return;
  const Filled range = filled.value_or(Filled{0, kUnknownExtent});
  spoil(state, pc, *offset + range.from, *offset + range.to);
}

void LockFlow::spoilStore(State& state, const Instruction& instruction, const Operand& memory) {
  const ValueId address = addressOf(state, instruction, memory);
  const std::int64_t size = std::max<std::int64_t>(memory.size, 1);
  if (const auto offset = frameOffset(address)) {
    spoil(state, instruction.pc, *offset, *offset + size);
    return;
  }
  // An array in the frame.
  const Value sum = values_[values_.split(address).base];
  if (sum.kind != Value::Kind::sum) return;
  for (const ValueId part : {sum.a, sum.b}) {
    if (const auto offset = frameOffset(part)) {
      const std::int64_t from = *offset + values_.split(address).offset;
      spoil(state, instruction.pc, from, from + kUnknownExtent);
    }
  }
}

/// Each register that the instruction writes gets a value nobody knows.
void LockFlow::spoilRegisters(State& state, const Instruction& instruction) {
  for (int reg = 0; reg < kRegisters; ++reg) {
    if ((instruction.written >> reg & 1) == 0) continue;
    state.registers[reg] = values_.opaque(instruction.pc, reg);
  }
}

void LockFlow::assign(State& state, const Instruction& instruction, const Operand& to,
                      ValueId value) {
  if (to.kind == Operand::Kind::reg) {
    if (to.reg >= 0) state.registers[to.reg] = value;
    return;
  }
  if (to.kind != Operand::Kind::memory) return;
  const auto offset = frameOffset(addressOf(state, instruction, to));
  if (offset && to.size == kFrameWord && *offset % kFrameWord == 0) {
    setWord(state, *offset, value);
  } else {
    spoilStore(state, instruction, to);
  }
}

void LockFlow::apply(State& state, LockEvent event) {
  auto& events = state.events;
  const auto opposite = [&](const LockEvent& other) {
    return other.acquires != event.acquires && other.mode == event.mode;
  };
  auto last = std::find_if(events.rbegin(), events.rend(), [&](const LockEvent& other) {
    return opposite(other) && other.lock == event.lock;
  });
  if (last == events.rend()) {
    last = std::find_if(events.rbegin(), events.rend(), [&](const LockEvent& other) {
      return opposite(other) && values_.alike(other.lock, event.lock);
    });
  }
  if (last != events.rend()) {
    if (event.certain) {
      events.erase(std::next(last).base());
    } else {
      last->certain = false;
    }
    return;
  }
  std::erase_if(events, [&](const LockEvent& other) { return other.site == event.site; });
  events.push_back(event);
}

/// A narrow load keeps the rest of the register, so that the whole is not known.
void LockFlow::stepMove(State& state, const Instruction& instruction) {
  const Operand& a = instruction.a;
  const bool keepsRest = a.kind == Operand::Kind::reg && a.reg >= 0 && a.size < 4 &&
                         instruction.b.kind != Operand::Kind::reg;
  assign(state, instruction, a,
         keepsRest ? values_.opaque(instruction.pc, a.reg)
                   : valueOf(state, instruction, instruction.b));
}

void LockFlow::stepPush(State& state, const Instruction& instruction) {
  ValueId& sp = state.registers[rules_.stackPointer];
  if (instruction.op == Op::push) {
    const ValueId value = valueOf(state, instruction, instruction.a);
    sp = values_.plus(sp, -kFrameWord);
    if (const auto offset = frameOffset(sp)) setWord(state, *offset, value);
    return;
  }
  const auto offset = frameOffset(sp);
  const ValueId value = offset ? wordAt(state, *offset) : values_.opaque(instruction.pc, -3);
  sp = values_.plus(sp, kFrameWord);
  assign(state, instruction, instruction.a, value);
}

/// What computes an address: the rest gets a value nobody knows.
void LockFlow::stepArithmetic(State& state, const Instruction& instruction) {
  const Operand& a = instruction.a;
  const Operand& b = instruction.b;
  const Operand& c = instruction.c;
  const bool whole = a.kind == Operand::Kind::reg && a.size == kFrameWord && a.reg >= 0;
  ValueId result = values_.opaque(instruction.pc, a.reg);
  if (whole) {
    const ValueId left = state.registers[a.reg];
    const bool immediate = b.kind == Operand::Kind::immediate;
    if (instruction.op == Op::add) {
      result = immediate ? values_.plus(left, b.value)
                         : values_.plus(left, valueOf(state, instruction, b));
    } else if (instruction.op == Op::subtract && immediate) {
      result = values_.plus(left, static_cast<std::int64_t>(-static_cast<std::uint64_t>(b.value)));
    } else if (instruction.op == Op::shiftLeft && immediate) {
      result = values_.times(left, std::int64_t{1} << (b.value & 0x3f));
    } else if (instruction.op == Op::multiply && c.kind == Operand::Kind::immediate) {
      result = values_.times(valueOf(state, instruction, b), c.value);
    }
  }
  spoilRegisters(state, instruction);
  if (whole && (instruction.written >> a.reg & 1) != 0) state.registers[a.reg] = result;
  if (instruction.stores) spoilStore(state, instruction, a);
}

/// The instruction and what uses its result: sete, test and a branch; or of exchange and add, what
/// reads the register.
std::vector<Addr> LockFlow::usersOf(const Instruction& atomic) const {
  constexpr std::size_t kMost = 4;
  std::vector<Addr> pcs{atomic.pc};
  bool flags = atomic.op == Op::compareExchange;
  Register result = flags ? kNoRegister : atomic.b.reg;
  const auto reads = [&](const Operand& operand) {
    return result >= 0 && ((operand.kind == Operand::Kind::reg && operand.reg == result) ||
                           (operand.kind == Operand::Kind::memory &&
                            (operand.base == result || operand.index == result)));
  };
  for (std::size_t i = indexOf(atomic.pc) + std::size_t{1}; i < code_.size() && i != 0; ++i) {
    const Instruction& next = code_[i];
    if (next.op == Op::nothing) continue;
    const bool asks = flags && (next.op == Op::setOn || next.op == Op::branch);
    const bool uses = reads(next.b) || reads(next.c) ||
                      (reads(next.a) && next.op != Op::move && next.op != Op::clear);
    if (asks || uses) pcs.push_back(next.pc);
    if (asks && next.op == Op::setOn) result = next.a.reg;
    if (uses && next.op == Op::address) result = next.a.reg;
    if (!keepsFlags(next.op)) flags = uses;
    if (pcs.size() == kMost || next.op == Op::branch || next.op == Op::call ||
        next.op == Op::jump || next.op == Op::ret) {
      break;
    }
  }
  return pcs;
}

/// The fast path of a method of package sync, which the compiler put where it was called.
void LockFlow::stepAtomic(State& state, const Instruction& instruction) {
  const auto atomic = instruction.locked ? facts_.atomicAt(usersOf(instruction)) : std::nullopt;
  const ValueId address = addressOf(state, instruction, instruction.a);
  spoilStore(state, instruction, instruction.a);
  spoilRegisters(state, instruction);
  state.flags = {};
  if (!atomic) return;
  const SiteId site = siteOf({instruction.pc, true, 0, atomic->instance});
  const LockEvent event{.site = site,
                        .lock = values_.plus(address, -atomic->field),
                        .mode = atomic->lock.mode,
                        .acquires = atomic->lock.acquires,
                        .certain = !atomic->lock.tries};
  // The slow path, where that is here, too, tries again.
  const bool again = std::ranges::any_of(state.events, [&](const LockEvent& other) {
    return other.lock == event.lock && other.acquires == event.acquires &&
           sites_[other.site].instance == atomic->instance;
  });
  if (!again) apply(state, event);
  if (atomic->lock.tries) state.flags = {site, true};
}

/// What is zero or not, and narrower than a word.
void LockFlow::stepResult(State& state, const Instruction& instruction) {
  ValueId value = values_.opaque(instruction.pc, instruction.a.reg);
  if (instruction.op == Op::moveNarrow) {
    const ValueId from = valueOf(state, instruction, instruction.b);
    if (values_[from].kind == Value::Kind::acquired) value = from;
  } else if (state.flags.site != kNoSite && instruction.condition != Condition::other &&
             (instruction.condition == Condition::equal) == state.flags.whenEqual) {
    value = values_.of({.kind = Value::Kind::acquired, .a = state.flags.site});
  }
  assign(state, instruction, instruction.a, value);
}

void LockFlow::stepTest(State& state, const Instruction& instruction) {
  const Operand& a = instruction.a;
  state.flags = {};
  const bool same = a.kind == Operand::Kind::reg && instruction.b.kind == a.kind &&
                    a.reg == instruction.b.reg && a.reg >= 0;
  if (!same) return;
  const Value& tested = values_[state.registers[a.reg]];
  if (tested.kind == Value::Kind::acquired) state.flags = {tested.a, false};
}

void LockFlow::stepAddress(State& state, const Instruction& instruction) {
  const Operand& a = instruction.a;
  const ValueId address = addressOf(state, instruction, instruction.b);
  assign(state, instruction, a,
         a.size == kFrameWord ? address : values_.opaque(instruction.pc, a.reg));
  const auto offset = frameOffset(address);
  if (offset && a.reg != rules_.framePointer &&
      std::ranges::find(taken_, *offset) == taken_.end()) {
    taken_.push_back(*offset);
  }
}

void LockFlow::step(State& state, const Instruction& instruction) {
  const Operand& a = instruction.a;
  if (!keepsFlags(instruction.op) && instruction.op != Op::test) state.flags = {};
  switch (instruction.op) {
    case Op::nothing:
    case Op::compare:
    case Op::branch:
    case Op::ret:
    case Op::stop:
      return;
    case Op::move:
      stepMove(state, instruction);
      return;
    case Op::moveNarrow:
    case Op::setOn:
      stepResult(state, instruction);
      return;
    case Op::clear:
      assign(state, instruction, a, values_.constant(0));
      return;
    case Op::address:
      stepAddress(state, instruction);
      return;
    case Op::push:
    case Op::pop:
      stepPush(state, instruction);
      return;
    case Op::test:
      stepTest(state, instruction);
      return;
    case Op::compareExchange:
    case Op::exchangeAdd:
      stepAtomic(state, instruction);
      return;
    case Op::fill:
      spoilFrom(state, instruction.pc, state.registers[rules_.fill],
                repeated(values_[state.registers[rules_.fillCount]], a));
      spoilRegisters(state, instruction);
      return;
    case Op::call:
      stepCall(state, instruction);
      return;
    case Op::jump:
      if (indexOf(instruction.destination()) == kNone &&
          instruction.a.kind != Operand::Kind::memory) {
        stepCall(state, instruction);  // instead of a call and a return
      }
      return;
    default:
      stepArithmetic(state, instruction);
      return;
  }
}

}  // namespace parked::leak
