// Where a variable without a symbol may lie: candidates from code and from data.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "image/functions.h"
#include "image/layout.h"
#include "image/moduledata.h"
#include "image/variable_references.h"
#include "target/target.h"

namespace parked::image {

struct GlobalSearch {
  target::Target& target;
  LayoutSource& layouts;
  const ModuleList& modules;
  const FunctionTable& functions;
  std::uint64_t most;  ///< bytes that data, or bss, can have

  target::AddressSpace& memory() const { return target.memory(); }

  using Filter = std::function<bool(const CodeRef&)>;
  /// Places in the first module's variables that the function's code refers to, each once.
  std::vector<Addr> refs(std::string_view function, const Filter& filter = {}) const;
  /// Those of `from` minus `offset` that pass `check`, each once.
  static std::vector<Addr> passing(const std::vector<Addr>& from, std::uint64_t offset,
                                   const std::function<bool(Addr)>& check);
  /// Words of the first module's variables with pointers that pass `check`: all of data and bss.
  std::vector<Addr> scan(const std::function<bool(Addr)>& check) const;
  /// In the variables (with or without pointers) of the first module.
  bool isVariable(Addr address) const;

  /// The only one; nullopt if there is none or there are several.
  static std::optional<Addr> only(const std::vector<Addr>& candidates);
};

/// Bytes of the segments that can be written to: all variables lie there.
std::uint64_t variableBytes(const target::ElfFile& executable);

}  // namespace parked::image
