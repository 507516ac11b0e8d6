#include "leak/duff_device.h"

#include <algorithm>

namespace parked::leak {

std::optional<Filled> filledBy(std::span<const Instruction> code, Register fill) {
  std::int64_t moved = 0;  // the register now, from what it was at first
  std::optional<Filled> filled;
  for (const Instruction& instruction : code) {
    const Operand& a = instruction.a;
    const bool ofFill = a.kind == Operand::Kind::reg && a.reg == fill;
    if (instruction.op == Op::ret) return filled;
    if (instruction.op == Op::add && ofFill && instruction.b.kind == Operand::Kind::immediate) {
      moved += instruction.b.value;
    } else if (instruction.op == Op::address && ofFill && instruction.b.base == fill &&
               instruction.b.index == kNoRegister) {
      moved += instruction.b.value;
    } else if (instruction.stores) {
      if (a.base != fill || a.index != kNoRegister || a.size == 0) return std::nullopt;
      const std::int64_t from = moved + a.value, to = from + a.size;
      filled = filled ? Filled{std::min(filled->from, from), std::max(filled->to, to)}
                      : Filled{from, to};
    } else if ((instruction.written >> fill & 1) != 0 || instruction.op == Op::call ||
               instruction.op == Op::jump || instruction.op == Op::branch) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace parked::leak
