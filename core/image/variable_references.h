// Which variables a function's machine code refers to. In a program without a symbol table the
// runtime's functions still have names (pclntab), and their code has its variables' addresses.
#pragma once

#include <string_view>
#include <vector>

#include "arch/code_reference.h"
#include "image/functions.h"
#include "target/target.h"

namespace parked::image {

using CodeRef = arch::CodeReference;

/// The references in the code of the first function of that name, in the order of the code; empty
/// if there is no such function.
std::vector<CodeRef> codeRefs(target::Target& target, const FunctionTable& functions,
                              std::string_view function);

/// The same of bytes that lie at `start`.
std::vector<CodeRef> codeRefs(const target::Architecture& arch, Addr start,
                              std::span<const std::byte> code);

}  // namespace parked::image
