// The registers of a thread to which the Go runtime gives a meaning, and how blocks of them look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace parked::arch {

struct Registers {
  Addr pc = 0;
  Addr sp = 0;
  Addr framePointer = 0;
  Addr link = 0;  ///< the return address of a function that called none; 0 where calls push it
};

/// The general registers as the kernel lays them out in NT_PRSTATUS and PTRACE_GETREGSET (struct
/// user_regs_struct, user_pt_regs): words.
struct RegisterBlock {
  static constexpr std::uint8_t kNone = 0xff;
  std::span<const std::string_view>
      names;  ///< of the words, in lower case, as debuggers spell them
  std::uint8_t pc, sp, framePointer, link;  ///< which words; kNone: there is no such register

  /// Bytes of the block.
  std::size_t size() const { return names.size() * sizeof(std::uint64_t); }
  /// Which word a register is, whatever the case of its name; names.size() if there is none.
  std::size_t indexOf(std::string_view name) const;
  /// The registers in a block; it has to have size() bytes.
  Registers read(std::span<const std::byte> block) const;
};

/// A note of a core, or a register set of ptrace, that has vector registers.
struct VectorSet {
  std::uint32_t note;  ///< its number
  /// The registers in it, which word is which does not matter; empty if it is cut short.
  std::span<const std::byte> (*registers)(std::span<const std::byte> set);
};

/// How debuggers call the vector registers: `prefix` and a number below `count`.
struct VectorNames {
  std::string_view prefix;
  unsigned count;
  std::string_view words;  ///< the member that has a register's 64-bit words (gdb)
  unsigned wordCount;      ///< in one register
};

}  // namespace parked::arch
