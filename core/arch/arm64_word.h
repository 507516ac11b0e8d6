// The words that arm64's instructions are; private to core/arch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "arch/instruction.h"

namespace parked::arch::arm64 {

using Word = std::uint32_t;
inline constexpr Register kLink = 30, kStackPointer = 31;

inline Word wordAt(std::span<const std::byte> code, std::size_t at) {
  Word value = 0;
  std::memcpy(&value, code.data() + at, sizeof value);
  return value;
}

constexpr unsigned field(Word word, unsigned low, unsigned bits) {
  return word >> low & ((1U << bits) - 1);
}

constexpr std::int64_t signedField(Word word, unsigned low, unsigned bits) {
  return static_cast<std::int32_t>(word << (32 - low - bits)) >> (32 - bits);
}

constexpr bool isAdrp(Word word) { return (word & 0x9f000000) == 0x90000000; }

/// Of ADR in bytes, of ADRP in pages of 4 KB.
constexpr std::int64_t adrDistance(Word word) {
  return signedField(word, 5, 19) * 4 + field(word, 29, 2);
}

}  // namespace parked::arch::arm64
