// Which variables a function's machine code refers to. In a program without a symbol table the
// runtime's functions still have names (pclntab), and their code has its variables' addresses.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "image/functions.h"
#include "target/target.h"

namespace parked::image {

/// One place in the code that names an address relative to itself.
struct CodeRef {
  Addr target = 0;
  bool address = false;    ///< the address itself is taken (amd64 LEA, arm64 ADRP and ADD)
  bool store = false;      ///< a register is stored there
  std::uint8_t width = 0;  ///< bytes that are read or written; 0: not told
};

/// The references in the code of the first function of that name, in the order of the code; empty
/// if there is no such function. amd64: every operand relative to the instruction pointer; the
/// bytes are searched, not disassembled, so that there may be a wrong one among them once in a
/// great while. arm64: ADRP with the ADD, LDR or STR behind it.
std::vector<CodeRef> codeRefs(target::Target& target, const FunctionTable& functions,
                              std::string_view function);

/// The same of bytes that lie at `start`.
std::vector<CodeRef> codeRefs(target::Arch arch, Addr start, std::span<const std::byte> code);

}  // namespace parked::image
