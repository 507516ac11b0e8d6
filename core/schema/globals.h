// The runtime's variables in a program without a symbol table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "image/variable_finder.h"

namespace parked::schema {

/// Finds variables by what refers to them and what they look like. Where a variable is said to be,
/// one of the runtime's functions (found by its name in pclntab) must refer to; or, where no code
/// says anything, exactly one place of the program's data must look like it. Either way what lies
/// there has to have the structure of the variable (globals_*.cpp says which). In doubt nothing is
/// found: whoever asked says then what the report lacks, or that nothing is proved.
class Globals final : public image::VariableFinder {
 public:
  /// What is passed by reference must outlive the object. Nothing is read before it is asked for.
  /// `most`: bytes that the program can have of variables; a damaged moduledata may claim all there
  /// is.
  Globals(target::Target& target, image::LayoutSource& layouts, const image::ModuleList& modules,
          const image::FunctionTable& functions, std::uint64_t most);
  ~Globals() override;

  std::optional<Addr> find(std::string_view name) override;
  void searchAgain() override;
  target::Variables all() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The finder to hand to image::Image::open.
std::unique_ptr<image::VariableFinder> findGlobals(target::Target& target,
                                                   image::LayoutSource& layouts,
                                                   const image::ModuleList& modules,
                                                   const image::FunctionTable& functions);

}  // namespace parked::schema
