#include "arch/architecture.h"
#include "parked/parked.h"

namespace parked {

std::optional<RegisterNames> registerNames(std::string_view architecture) {
  const arch::Architecture* known = arch::byName(architecture);
  if (known == nullptr) return std::nullopt;
  const arch::RegisterBlock& block = known->general;
  const auto name = [&](std::uint8_t index) {
    return index == arch::RegisterBlock::kNone ? std::string_view() : block.names[index];
  };
  RegisterNames names;
  names.pc = name(block.pc);
  names.sp = name(block.sp);
  names.framePointer = name(block.framePointer);
  names.link = name(block.link);
  names.general = known->pointerRegisters;
  for (const arch::VectorNames& each : known->vectorNames) {
    names.vectors.push_back({each.prefix, each.count, each.words, each.wordCount});
  }
  return names;
}

}  // namespace parked
