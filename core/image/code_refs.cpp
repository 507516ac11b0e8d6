#include "image/code_refs.h"

#include <algorithm>
#include <cstring>

namespace parked::image {

namespace {

constexpr std::size_t kMaxFunction = 1 << 16;  // bytes; the functions asked about have thousands

// amd64 (Intel's manual, volume 2): [prefix] opcode ModRM disp32 [immediate]. An operand relative
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

std::vector<CodeRef> amd64Refs(Addr start, std::span<const std::byte> code) {
  std::vector<CodeRef> refs;
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
    refs.push_back({next + static_cast<Addr>(std::int64_t{displacement}), operation.address,
                    operation.store, operation.width});
  }
  return refs;
}

// arm64 (Arm's architecture manual, C6): ADRP puts the address of a page into a register, the
// instruction behind it adds the rest. Go's assembler and compiler write the two together.
std::vector<CodeRef> arm64Refs(Addr start, std::span<const std::byte> code) {
  std::vector<CodeRef> refs;
  const auto instruction = [&](std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, code.data() + at, sizeof value);
    return value;
  };
  for (std::size_t at = 0; at + 8 <= code.size(); at += 4) {
    const std::uint32_t first = instruction(at), second = instruction(at + 4);
    if ((first & 0x9f000000) != 0x90000000) continue;  // ADRP
    const std::uint32_t page = first & 0x1f;
    if ((second >> 5 & 0x1f) != page) continue;
    const std::int64_t pages =
        static_cast<std::int32_t>(((first >> 5 & 0x7ffff) << 2 | (first >> 29 & 3)) << 11) >> 11;
    const Addr base = ((start + at) & ~Addr{0xfff}) + (static_cast<Addr>(pages) << 12);
    const std::uint32_t immediate = second >> 10 & 0xfff;
    if ((second & 0xffc00000) == 0x91000000) {  // ADD
      refs.push_back({base + immediate, true, false, 0});
    } else if ((second & 0x3f000000) == 0x39000000) {  // LDR and STR, unsigned offset
      const std::uint32_t scale = second >> 30;
      refs.push_back({base + (Addr{immediate} << scale), false, (second >> 22 & 3) == 0,
                      static_cast<std::uint8_t>(1U << scale)});
    }
  }
  return refs;
}

}  // namespace

std::vector<CodeRef> codeRefs(target::Arch arch, Addr start, std::span<const std::byte> code) {
  return arch == target::Arch::arm64 ? arm64Refs(start, code) : amd64Refs(start, code);
}

std::vector<CodeRef> codeRefs(target::Target& target, const FunctionTable& functions,
                              std::string_view function) {
  const FuncIndex index = functions.byName(function);
  if (index == kNoFunc) return {};
  const Function& found = functions.function(index);
  const std::size_t size = std::min<std::size_t>(found.end - found.entry, kMaxFunction);
  return codeRefs(target.arch(), found.entry, target.memory().bytesUpTo(found.entry, size));
}

}  // namespace parked::image
