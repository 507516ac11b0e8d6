#include "leak/wait_exits.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "leak/wait_loops.h"

namespace parked::leak {

namespace {

constexpr std::uint64_t kMaxFollowed = 1 << 18;

/// What is known to be a result of the call, or a constant, at one place.
struct CallResults {
  std::uint32_t registers = 0;
  bool flags = false;               // the last comparison was of such
  std::vector<std::int64_t> slots;  // of the frame, by their displacement; in order

  /// Keeps what both know. True if that is less than before.
  bool meet(const CallResults& other) {
    const CallResults before = *this;
    registers &= other.registers;
    flags = flags && other.flags;
    std::erase_if(
        slots, [&](std::int64_t slot) { return !std::ranges::binary_search(other.slots, slot); });
    return registers != before.registers || flags != before.flags || slots != before.slots;
  }
};

/// Follows all ways from one place.
class WaysOut {
 public:
  WaysOut(const std::vector<Instruction>& code, Addr from, const CallRules& rules,
          const std::function<bool(Addr)>& ends)
      : code_(code), from_(from), rules_(rules), ends_(ends) {
    for (auto& states : states_) states.resize(code.size());
  }

  std::uint8_t follow();

 private:
  struct Place {
    std::size_t instruction;
    bool decided;
  };

  void go(Addr pc, bool decided, const CallResults& results);
  void step(const Place& place, const CallResults& results);
  bool isResult(const Operand& operand, const CallResults& results) const;
  bool inFrame(const Operand& operand) const;
  void put(const Operand& to, bool result, CallResults& results) const;
  void change(const Instruction& instruction, CallResults& results) const;
  void noteReturn(bool decided) { returns_ |= decided ? kReturnsByOther : kReturnsByResult; }

  const std::vector<Instruction>& code_;
  Addr from_;
  const CallRules& rules_;
  const std::function<bool(Addr)>& ends_;
  std::array<std::vector<std::optional<CallResults>>, 2> states_;  // by whether it was decided
  std::vector<Place> todo_;
  std::uint8_t returns_ = 0;
};

std::uint8_t WaysOut::follow() {
  CallResults first;
  for (const Register reg : rules_.arguments) {
    if (reg >= 0) first.registers |= 1U << reg;
  }
  go(from_, false, first);
  while (!todo_.empty() && (returns_ & kReturnsByOther) == 0) {
    const Place place = todo_.back();
    todo_.pop_back();
    const CallResults results = *states_[place.decided ? 1 : 0][place.instruction];
    step(place, results);
  }
  return returns_;
}

void WaysOut::go(Addr pc, bool decided, const CallResults& results) {
  const auto at = std::ranges::lower_bound(code_, pc, {}, &Instruction::pc);
  if (at == code_.end() || at->pc != pc) {
    noteReturn(decided);  // another function goes on for it
    return;
  }
  const auto index = static_cast<std::size_t>(at - code_.begin());
  std::optional<CallResults>& known = states_[decided ? 1 : 0][index];
  if (known && !known->meet(results)) return;
  if (!known) known = results;
  todo_.push_back({index, decided});
}

void WaysOut::step(const Place& place, const CallResults& before) {
  const Instruction& instruction = code_[place.instruction];
  CallResults results = before;
  change(instruction, results);
  switch (instruction.op) {
    case Op::ret:
      noteReturn(place.decided);
      return;
    case Op::stop:
      return;
    case Op::call:
      if (instruction.next() == from_ || ends_(instruction.destination())) return;
      break;
    case Op::jump:
      if (instruction.destination() == 0) {
        noteReturn(true);  // a table of them: where to is not known
      } else {
        go(instruction.destination(), place.decided, results);
      }
      return;
    case Op::branch: {
      const bool asksRegister = instruction.b.kind != Operand::Kind::none;
      const bool ofResult = asksRegister ? isResult(instruction.b, before) : before.flags;
      const bool decided = place.decided || !ofResult;
      go(instruction.destination(), decided, results);
      go(instruction.next(), decided, results);
      return;
    }
    default:
      break;
  }
  go(instruction.next(), place.decided, results);
}

bool WaysOut::inFrame(const Operand& operand) const {
  return operand.kind == Operand::Kind::memory && operand.base == rules_.stackPointer &&
         operand.index == kNoRegister;
}

bool WaysOut::isResult(const Operand& operand, const CallResults& results) const {
  switch (operand.kind) {
    case Operand::Kind::immediate:
      return true;
    case Operand::Kind::reg:
      return operand.reg >= 0 && (results.registers >> operand.reg & 1) != 0;
    case Operand::Kind::memory:
      return inFrame(operand) && std::ranges::binary_search(results.slots, operand.value);
    case Operand::Kind::none:
      break;
  }
  return false;
}

void WaysOut::put(const Operand& to, bool result, CallResults& results) const {
  constexpr std::size_t kMostSlots = 16;
  if (to.kind == Operand::Kind::reg && to.reg >= 0) {
    const std::uint32_t bit = 1U << to.reg;
    results.registers &= ~bit;
    if (result) results.registers |= bit;
  } else if (inFrame(to)) {
    // A vector register covers several.
    const std::int64_t end = to.value + std::max<std::int64_t>(to.size, 1);
    std::erase_if(results.slots, [&](std::int64_t slot) { return slot >= to.value && slot < end; });
    if (result && results.slots.size() < kMostSlots) {
      results.slots.insert(std::ranges::lower_bound(results.slots, to.value), to.value);
    }
  }
}

void WaysOut::change(const Instruction& instruction, CallResults& results) const {
  switch (instruction.op) {
    case Op::compare:
    case Op::test:
      results.flags = isResult(instruction.a, results) && isResult(instruction.b, results);
      return;
    case Op::move:
    case Op::moveNarrow:
      put(instruction.a, isResult(instruction.b, results), results);
      return;
    case Op::setOn:
      put(instruction.a, results.flags, results);
      return;
    case Op::clear:
      put(instruction.a, true, results);
      results.flags = false;
      return;
    case Op::call:
      results.registers = 0;
      results.flags = false;
      return;
    case Op::jump:
    case Op::branch:
    case Op::nothing:
      return;
    default:
      results.registers &= ~instruction.written;
      if (instruction.stores) put(instruction.a, false, results);
      if (instruction.op != Op::address) results.flags = false;
      return;
  }
}

}  // namespace

std::uint8_t returnsFrom(const std::vector<Instruction>& code, Addr from, const CallRules& rules,
                         const std::function<bool(Addr)>& ends) {
  return WaysOut(code, from, rules, ends).follow();
}

WaitExits::WaitExits(const golang::Snapshot& snapshot, const Code& code)
    : snapshot_(snapshot), code_(code), stacks_(snapshot.stacks.size()) {
  if (snapshot.image == nullptr) return;
  const auto make = snapshot.image->target().arch().decoder;
  if (make != nullptr) decoder_ = make();
}

bool WaitExits::decidesItself(const golang::Goroutine& goroutine) {
  if (goroutine.stack >= stacks_.size()) return true;
  std::optional<bool>& known = stacks_[goroutine.stack];
  if (!known) known = ofStack(snapshot_.stacks[goroutine.stack]);
  return *known;
}

/// From the innermost frame on: how each returns says whether the next one goes on by itself.
bool WaitExits::ofStack(const golang::Stack& stack) {
  if (stack.truncated || decoder_ == nullptr) return true;
  const image::FunctionTable& functions = snapshot_.image->functions();
  std::uint8_t ways = kReturnsByResult;
  for (std::uint32_t i = 0; i < stack.count && ways != 0; ++i) {
    const golang::FramePc& frame = snapshot_.pcs[stack.first + i];
    const image::FuncIndex function = functions.find(frame.inside());
    if (function == image::kNoFunc) return true;
    const image::Function& info = functions.function(function);
    if (ownerOf(code_, info.name, functions.file(function, info.entry)) < Owner::local) continue;
    if (frame.exact != 0) return true;
    const auto [known, isNew] = returns_.try_emplace(frame.pc, 0);
    if (isNew) known->second = returnsOf(frame.pc, function);
    const bool decided = (ways & kReturnsByOther) != 0 && known->second != 0;
    ways = (ways & kReturnsByResult) != 0 ? known->second : 0;
    if (decided) ways |= kReturnsByOther;
  }
  return (ways & kReturnsByOther) != 0;
}

std::uint8_t WaitExits::returnsOf(Addr returnAddress, image::FuncIndex index) {
  const image::FunctionTable& functions = snapshot_.image->functions();
  const image::Function& function = functions.function(index);
  if (function.end <= function.entry || function.end - function.entry > kMaxFollowed) {
    return kReturnsByOther;
  }
  const target::Target& target = snapshot_.image->target();
  const auto bytes =
      snapshot_.image->target().memory().bytesUpTo(function.entry, function.end - function.entry);
  const auto code = decoder_->decode(function.entry, bytes);
  if (!code) return kReturnsByOther;
  return returnsFrom(*code, returnAddress, target.arch().calls,
                     [&](Addr callee) { return callEndsTheWay(functions, callee); });
}

}  // namespace parked::leak
