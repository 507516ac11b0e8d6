// room: arch
// Machine code: its decoders and the scans that read it without decoding. Input: a byte with the
// architecture, then code.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "arch/architecture.h"

namespace {

using namespace parked::arch;
using parked::Addr;

constexpr Addr kStart = 0x401000;

void require(bool condition) {
  if (!condition) std::abort();
}

void isRegister(Register reg) { require(reg >= kOtherRegister && reg < kRegisters); }

void isOperand(const Operand& operand) {
  for (const Register each : {operand.reg, operand.base, operand.index}) isRegister(each);
}

/// Each instruction ends before the next begins, and all lie in the code.
void decode(const Architecture& architecture, std::span<const std::byte> code) {
  const auto made = architecture.decoder();
  const auto instructions = made->decode(kStart, code);
  if (!instructions) return;
  Addr end = kStart;
  for (const Instruction& each : *instructions) {
    require(each.pc >= end && each.size > 0);
    end = each.next();
    for (const Operand* operand : {&each.a, &each.b, &each.c}) isOperand(*operand);
  }
  require(end <= kStart + code.size());
}

void scan(const Architecture& architecture, std::span<const std::byte> code) {
  std::vector<CodeReference> references;
  architecture.scan.references(kStart, code, references);
  require(references.size() <= code.size());
  std::size_t at = 0;
  Transfer transfer;
  for (std::size_t before = 0; architecture.scan.nextTransfer(kStart, code, at, transfer);) {
    require(at > before && at <= code.size());
    before = at;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Architecture& architecture = *all()[data[0] % all().size()];
  const std::span code(reinterpret_cast<const std::byte*>(data + 1), size - 1);
  decode(architecture, code);
  scan(architecture, code);
  const std::size_t call = architecture.callSize;
  if (code.size() >= call) (void)architecture.calleeBefore(kStart + call, code.first(call));
  return 0;
}
