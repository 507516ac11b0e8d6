// What machine code refers to, read without decoding all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"

namespace parked::arch {

/// One place in the code that names an address relative to itself.
struct CodeReference {
  Addr target = 0;
  bool address = false;    ///< the address itself is taken
  bool store = false;      ///< a register is stored there
  std::uint8_t width = 0;  ///< bytes that are read or written; 0: not told
};

/// A direct call, or a direct jump without a condition.
struct Transfer {
  Addr target = 0;
  bool call = false;
};

/// The two scans over a function's code, which lies at `start`. They may find something in bytes
/// that mean something else, once in a great while: whoever asks checks what is there.
struct CodeScan {
  /// Appends every reference, in the order of the code.
  void (*references)(Addr start, std::span<const std::byte> code, std::vector<CodeReference>& out);
  /// The first call or jump at or behind code[at]; `at` is then set behind where it starts. False
  /// if there is none.
  bool (*nextTransfer)(Addr start, std::span<const std::byte> code, std::size_t& at, Transfer& out);
};

}  // namespace parked::arch
