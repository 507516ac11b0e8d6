// The code of amd64, by its bytes: an instruction may begin at any of them, so that what looks like
// one is now and then a part of another.
#include <cstring>

#include "arch/amd64.h"

namespace parked::arch {

namespace {

// Intel's manual, volume 2: [prefix] opcode ModRM disp32 [immediate]. An operand relative
// to the next instruction has mod 0 and r/m 5.
constexpr unsigned kRelative = 0x05, kRelativeMask = 0xc7;
constexpr std::size_t kDisplacement = 4;

struct Operation {
  bool address = false, store = false;
  std::uint8_t width = 0;
  std::size_t immediate = 0;  ///< bytes behind the displacement
};

/// Of an opcode of the two-byte map, 0F xx.
Operation twoByteOperation(unsigned opcode) {
  switch (opcode) {
    case 0x70:  // PSHUF
    case 0xa4:  // SHLD
    case 0xac:  // SHRD
    case 0xba:  // BT and friends
    case 0xc2:  // CMPPS
    case 0xc4:  // PINSRW
    case 0xc6:  // SHUFPS
      return {.immediate = 1};
    case 0xb0:  // CMPXCHG
    case 0xb6:  // MOVZX
    case 0xbe:  // MOVSX
    case 0xc0:  // XADD
      return {.width = 1};
    case 0xb7:
    case 0xbf:
      return {.width = 2};
    default:
      return {};
  }
}

/// Of an opcode of the one-byte map. `rex` and `prefix` are the bytes before it.
Operation oneByteOperation(unsigned opcode, unsigned extension, bool wide, bool narrow) {
  const std::uint8_t natural = wide ? 8 : narrow ? 2 : 4;
  switch (opcode) {
    case 0x8d:  // LEA
      return {.address = true};
    case 0x88:  // MOV of a byte
      return {.store = true, .width = 1};
    case 0x89:  // MOV
      return {.store = true, .width = natural};
    case 0x80:
    case 0xc0:
      return {.width = 1, .immediate = 1};
    case 0xc6:
      return {.store = true, .width = 1, .immediate = 1};
    case 0xc7:
      return {.store = true, .width = natural, .immediate = narrow ? std::size_t{2} : 4};
    case 0x83:
    case 0xc1:
    case 0x6b:
      return {.width = natural, .immediate = 1};
    case 0x81:
    case 0x69:
      return {.width = natural, .immediate = narrow ? std::size_t{2} : 4};
    case 0xf6:  // TEST has an immediate, the others of the group have none
      return {.width = 1, .immediate = extension < 2 ? std::size_t{1} : 0};
    case 0xf7:
      return {.width = natural, .immediate = extension < 2 ? std::size_t{4} : 0};
    case 0x38:
    case 0x3a:
    case 0x84:
    case 0x86:
    case 0x8a:
      return {.width = 1};
    default:
      return {.width = natural};
  }
}

}  // namespace

void amd64References(Addr start, std::span<const std::byte> code, std::vector<CodeReference>& out) {
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(code[at]); };
  for (std::size_t at = 2; at + kDisplacement <= code.size(); ++at) {
    const unsigned modrm = byte(at - 1);
    if ((modrm & kRelativeMask) != kRelative) continue;
    const unsigned opcode = byte(at - 2);
    const unsigned before = at >= 3 ? byte(at - 3) : 0;
    const bool wide = (before & 0xf8) == 0x48;  // REX.W
    const bool narrow = before == 0x66;
    const Operation operation = before == 0x0f
                                    ? twoByteOperation(opcode)
                                    : oneByteOperation(opcode, modrm >> 3 & 7, wide, narrow);
    std::int32_t displacement = 0;
    std::memcpy(&displacement, code.data() + at, sizeof displacement);
    const Addr next = start + at + kDisplacement + operation.immediate;
    out.push_back({next + static_cast<Addr>(std::int64_t{displacement}), operation.address,
                   operation.store, operation.width});
  }
}

bool amd64NextTransfer(Addr start, std::span<const std::byte> code, std::size_t& at,
                       Transfer& out) {
  constexpr unsigned kCall = 0xe8, kJump = 0xe9;
  constexpr std::size_t kSize = 1 + kDisplacement;
  for (; at + kSize <= code.size(); ++at) {
    const auto opcode = std::to_integer<unsigned>(code[at]);
    if (opcode != kCall && opcode != kJump) continue;
    std::int32_t displacement = 0;
    std::memcpy(&displacement, code.data() + at + 1, sizeof displacement);
    out = {start + at + kSize + static_cast<Addr>(std::int64_t{displacement}), opcode == kCall};
    ++at;
    return true;
  }
  return false;
}

}  // namespace parked::arch
