// Who finds the runtime's variables in a program without a symbol table. What tells them is the
// structure of what they lead to, which this room does not know: whoever opens an image hands one
// in.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "image/functions.h"
#include "image/layout.h"
#include "image/moduledata.h"
#include "target/target.h"

namespace parked::image {

class VariableFinder {
 public:
  virtual ~VariableFinder() = default;

  /// Loaded address of "runtime.allgs", say; nullopt when it cannot be told. What was found is
  /// remembered.
  virtual std::optional<Addr> find(std::string_view name) = 0;

  /// Lets those be searched again that were not found: while the process ran they may have been
  /// changing just then.
  virtual void searchAgain() = 0;

  /// All that can be found.
  virtual target::Variables all() = 0;
};

/// Makes a finder. What it is given outlives it.
using MakeVariableFinder = std::unique_ptr<VariableFinder> (*)(target::Target& target,
                                                               LayoutSource& layouts,
                                                               const ModuleList& modules,
                                                               const FunctionTable& functions);

}  // namespace parked::image
