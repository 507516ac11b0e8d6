// The code of arm64: instructions are words, and each says what it is.
#include <optional>

#include "arch/arm64.h"
#include "arch/arm64_word.h"

namespace parked::arch {

namespace {

using arm64::isAdrp;
using arm64::signedField;

constexpr std::size_t kInstruction = sizeof(arm64::Word);

/// What an instruction does with memory.
struct Access {
  unsigned base = 0;  ///< register
  std::int64_t offset = 0;
  bool store = false, pair = false;
  std::uint8_t width = 0;
};

std::uint8_t widthOf(unsigned scale) { return static_cast<std::uint8_t>(1U << scale); }

/// Arm's architecture manual, C4.1: loads and stores whose address is a register and a constant.
/// One that both loads and stores (an atomic operation) counts as no store.
std::optional<Access> accessOf(std::uint32_t word) {
  const unsigned size = word >> 30, opc = word >> 22 & 3;
  const bool vector = (word >> 26 & 1) != 0;
  Access access{.base = word >> 5 & 0x1f};
  const unsigned scale = vector ? size | (opc & 2) << 1 : size;
  const bool plainStore = vector ? (opc & 1) == 0 : opc == 0;
  if ((word & 0x3b000000) == 0x39000000) {  // LDR, STR: unsigned offset
    access.offset = std::int64_t{word >> 10 & 0xfff} << scale;
    access.store = plainStore;
    access.width = widthOf(scale);
  } else if ((word & 0x3b200c00) == 0x38000000) {  // LDUR, STUR
    access.offset = signedField(word, 12, 9);
    access.store = plainStore;
    access.width = widthOf(scale);
  } else if ((word & 0x3b800000) == 0x29000000) {  // LDP, STP
    const unsigned pairScale = vector ? 2 + size : 2 + size / 2;
    access.offset = signedField(word, 15, 7) * (std::int64_t{1} << pairScale);
    access.store = (opc & 1) == 0;
    access.pair = true;
    access.width = widthOf(pairScale);
  } else if ((word & 0x3f000000) == 0x08000000) {  // LDAR, STLR, LDXR, STXR, CAS
    const bool swap = (word & 0x00a00000) == 0x00a00000;
    access.store = (opc & 1) == 0 && !swap;
    access.width = widthOf(size);
  } else if ((word & 0x3f200c00) == 0x38200000) {  // LDADD, SWP …
    access.width = widthOf(size);
  } else {
    return std::nullopt;
  }
  return access;
}

constexpr bool isAddImmediate(std::uint32_t word) { return (word & 0xffc00000) == 0x91000000; }

}  // namespace

// ADRP puts the address of a page into a register; the instruction behind it adds the rest, or
// loads or stores there. Go's assembler and compiler write the two together. Where the variable may
// not be aligned, and up to Go 1.19 always, an ADD comes between, and the access is the third.
void arm64References(Addr start, std::span<const std::byte> code, std::vector<CodeReference>& out) {
  constexpr std::size_t kPair = 2 * kInstruction, kTriple = 3 * kInstruction;
  for (std::size_t at = 0; at + kPair <= code.size(); at += kInstruction) {
    const std::uint32_t first = arm64::wordAt(code, at),
                        second = arm64::wordAt(code, at + kInstruction);
    const unsigned page = first & 0x1f;
    if (!isAdrp(first) || (second >> 5 & 0x1f) != page) continue;
    const std::int64_t pages = arm64::adrDistance(first);
    const Addr base = ((start + at) & ~Addr{0xfff}) + (static_cast<Addr>(pages) << 12);
    const auto add = [&](Addr from, const Access& access) {
      const Addr target = from + static_cast<Addr>(access.offset);
      out.push_back({target, false, access.store, access.width});
      if (access.pair) out.push_back({target + access.width, false, access.store, access.width});
    };
    if (!isAddImmediate(second)) {
      if (const auto access = accessOf(second)) add(base, *access);
      continue;
    }
    const Addr address = base + (second >> 10 & 0xfff);
    const auto third =
        at + kTriple <= code.size() ? accessOf(arm64::wordAt(code, at + kPair)) : std::nullopt;
    if (third && third->base == (second & 0x1f)) {
      add(address, *third);
    } else {
      out.push_back({address, true, false, 0});
    }
  }
}

bool arm64NextTransfer(Addr start, std::span<const std::byte> code, std::size_t& at,
                       Transfer& out) {
  constexpr std::uint32_t kMask = 0x7c000000, kBranch = 0x14000000, kLink = 0x80000000;
  for (; at + kInstruction <= code.size(); at += kInstruction) {
    const std::uint32_t word = arm64::wordAt(code, at);
    if ((word & kMask) != kBranch) continue;  // B, BL
    const std::int64_t distance = static_cast<std::int32_t>(word << 6) >> 4;
    out = {start + at + static_cast<Addr>(distance), (word & kLink) != 0};
    at += kInstruction;
    return true;
  }
  return false;
}

}  // namespace parked::arch
