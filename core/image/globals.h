// The runtime's variables in a program without a symbol table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "image/functions.h"
#include "image/layout.h"
#include "image/moduledata.h"
#include "target/target.h"

namespace parked::image {

/// Bytes of the segments that can be written to: all variables lie there.
std::uint64_t variableBytes(const target::ElfFile& executable);

/// Finds variables by what refers to them and what they look like. Where a variable is said to be,
/// one of the runtime's functions (found by its name in pclntab) must refer to; or, where no code
/// says anything, exactly one place of the program's data must look like it. Either way what lies
/// there has to have the structure of the variable (globals_*.cpp says which). In doubt nothing is
/// found: whoever asked says then what the report lacks, or that nothing is proved.
class Globals {
 public:
  /// What is passed by reference must outlive the object. Nothing is read before it is asked for.
  /// `most`: bytes that the program can have of variables; a damaged moduledata may claim all there
  /// is.
  Globals(target::Target& target, LayoutSource& layouts, const ModuleList& modules,
          const FunctionTable& functions, std::uint64_t most);
  ~Globals();

  /// Loaded address of "runtime.allgs" and some others of which a walker asks; nullopt when it
  /// cannot be told. What was found is remembered.
  std::optional<Addr> find(std::string_view name);

  /// Lets those be searched again that were not found: while the process ran they may have been
  /// changing just then.
  void searchAgain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parked::image
