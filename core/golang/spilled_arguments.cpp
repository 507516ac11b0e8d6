#include "golang/spilled_arguments.h"

#include "arch/architecture.h"

namespace parked::golang {

namespace {

using arch::Instruction;
using arch::Op;
using arch::Operand;

bool changesRegister(const Instruction& instruction, arch::Register reg) {
  return (instruction.written >> reg & 1) != 0;
}

}  // namespace

SpilledArguments::Slots SpilledArguments::find(const Frame& frame) const {
  const arch::Architecture& arch = image_.target().arch();
  if (arch.decoder == nullptr || frame.exact || frame.function == image::kNoFunc) return {};
  const Addr entry = image_.functions().function(frame.function).entry;
  if (frame.pc <= entry) return {};
  const auto code = image_.target().memory().bytes(entry, frame.pc - entry);
  const auto instructions = arch.decoder()->decode(entry, code);
  if (code.empty() || !instructions || instructions->empty()) return {};
  const auto registers = arch.calls.arguments;
  Slots slots(registers.size());
  std::vector<bool> holds(registers.size(), true);
  for (const Instruction& instruction : *instructions) {
    if (instruction.next() == frame.pc) return slots;  // the call
    const bool straight = instruction.op != Op::call && instruction.op != Op::jump &&
                          instruction.op != Op::branch && instruction.op != Op::ret &&
                          instruction.op != Op::stop;
    if (!straight) return {};
    if (changesRegister(instruction, arch.calls.stackPointer)) slots.assign(slots.size(), {});
    const Operand& to = instruction.a;
    const bool toStack =
        instruction.stores && to.base == arch.calls.stackPointer && to.index == arch::kNoRegister;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (toStack && slots[i] == to.value) slots[i].reset();
      const bool stored = toStack && holds[i] && instruction.op == Op::move && to.size == kWord &&
                          instruction.b.kind == Operand::Kind::reg &&
                          instruction.b.reg == registers[i];
      if (stored) slots[i] = to.value;
      if (changesRegister(instruction, registers[i])) holds[i] = false;
    }
  }
  return {};
}

std::optional<std::uint64_t> SpilledArguments::word(const Frame& frame, std::size_t number) {
  const auto [known, isNew] = known_.try_emplace(frame.pc);
  if (isNew) known->second = find(frame);
  const Slots& slots = known->second;
  if (number >= slots.size() || !slots[number]) return std::nullopt;
  std::uint64_t value = 0;
  const Addr at = frame.sp + static_cast<Addr>(*slots[number]);
  return image_.target().memory().read(at, value) ? std::optional(value) : std::nullopt;
}

}  // namespace parked::golang
