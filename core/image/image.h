// What the executable says, in one place.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/observer.h"
#include "image/build_info.h"
#include "image/functions.h"
#include "image/layout.h"
#include "image/moduledata.h"
#include "image/variable_finder.h"
#include "target/target.h"

namespace parked::image {

class RuntimeTypes;  // image/runtime_types.h
class TypeSource;    // image/type_source.h

/// Where struct layouts may come from.
enum class Layouts {
  automatic,  ///< DWARF, without it a shipped table
  dwarf,
  table,
};

class Image {
 public:
  /// Reads what every analysis needs. Works from the executable's file wherever it can, so that for
  /// a live target it costs no pause; the rest (relocated pointers) is read from memory. `finder`
  /// finds variables where there is no symbol table; null: they are not known then.
  static Result<std::unique_ptr<Image>> open(target::Target& target, Observer* observer,
                                             Timings* timings, MakeVariableFinder finder,
                                             Layouts layouts = Layouts::automatic);
  /// What an image is made of.
  struct Parts {
    BuildInfo build;
    ModuleList modules;
    std::unique_ptr<FunctionTable> functions;
    std::unique_ptr<LayoutSource> layouts;
    std::map<std::string, Addr, std::less<>> symbols;
  };
  /// An image without an executable: tests put the walkers before a target made of bytes.
  static std::unique_ptr<Image> assemble(target::Target& target, Parts parts);
  ~Image();

  const BuildInfo& build() const;
  const ModuleList& modules() const;
  const FunctionTable& functions() const;
  LayoutSource& layouts() const;
  target::Target& target() const;

  /// Loaded address of a variable ("runtime.allgs"), nullopt if unknown: of the ELF symbol table;
  /// where that is stripped, as the finder says.
  std::optional<Addr> symbol(std::string_view name) const;

  /// All that the finder finds; none if there is a symbol table.
  target::Variables foundVariables() const;

  /// Forgets which variables were not found: the target stands still now.
  void searchAgain();

  /// Name and start of the variable that covers `address`; an empty name if no symbol does.
  struct Variable {
    std::string_view name;
    Addr address = 0;
  };
  Variable variableAt(Addr address) const;

  /// Types of values by DWARF, opened on first use; if the executable has none, by the target's
  /// own descriptors.
  TypeSource& types() const;

  /// Types by the target's own descriptors.
  RuntimeTypes& runtimeTypes() const;

  /// Builds the indices of names, those of functions, types and the runtime's constants, which the
  /// first question for a name would: milliseconds in a large program, and nothing of the target's
  /// memory is needed for it. So that a process which is stopped does not wait for them.
  void indexNames() const;

  /// Layouts of library types: as layouts(), and from the target's type descriptors what that does
  /// not have.
  LayoutSource& libraryLayouts() const;

  /// For the header: Go's build id, or the GNU one.
  std::string buildId() const;

 private:
  Image();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parked::image
