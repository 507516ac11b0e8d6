// A thread of the target, with its registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "arch/fwd.h"
#include "arch/registers.h"
#include "base/error.h"

namespace parked::target {

using arch::Architecture;
using arch::Registers;

/// Registers as the kernel gives them: a note of a core, a set of PTRACE_GETREGSET.
struct RegisterSet {
  std::uint32_t note = 0;  ///< its number: NT_PRSTATUS has the general ones
  std::vector<std::byte> bytes;
};

/// A thread (LWP) of the target. Mirrors NT_PRSTATUS of a core or PTRACE_GETREGSET of a process.
struct Thread {
  std::int32_t tid = 0;
  bool hasRegisters = false;  ///< false when read without stopping the process
  Registers registers;
  /// What its registers hold, in words and no order: all the general ones, and the vector ones
  /// where they are told, as memmove carries pointers in them. For who asks what the thread can
  /// reach.
  std::vector<std::uint64_t> words;
  bool hasVectors = false;             ///< the vector registers are among the words
  std::vector<RegisterSet> sets = {};  ///< of a process that parked itself has stopped

  /// Adds what a register or a set of them holds; a rest below a word is dropped.
  void addWords(std::span<const std::byte> bytes);
};

}  // namespace parked::target
