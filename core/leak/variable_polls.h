// Who may look at a variable each time he wakes, and stop by what is there: no pointer leads from a
// goroutine to a package's variable, only its code does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "golang/addr_map.h"
#include "golang/snapshot.h"
#include "image/code_references.h"
#include "leak/code.h"

namespace parked::leak {

class VariablePolls {
 public:
  /// Both must outlive the object.
  VariablePolls(const golang::Snapshot& snapshot, const Code& code);

  /// Whether a function on the goroutine's stack that is not the standard library's, or one of its
  /// package that it calls, a few calls deep, reads a variable of the program's own packages, or
  /// one without pointers of a library's. Calls through interfaces and func values are not
  /// followed.
  bool mayPoll(const golang::Goroutine& goroutine);

 private:
  bool ofStack(golang::Index stack);
  bool ofFunction(image::FuncIndex function);
  bool reads(image::FuncIndex function);
  bool isUsers(image::FuncIndex function) const;
  bool isVariable(Addr address) const;
  bool mayStop(Addr address, image::FuncIndex reader);
  Owner ownerOfFunction(image::FuncIndex function) const;
  Owner ownerOfVariable(Addr address, image::FuncIndex reader);
  bool isCompilers(Addr address) const;
  bool ofStandardLibrary(Addr address);

  const golang::Snapshot& snapshot_;
  const Code& code_;
  image::Image& image_;
  image::CodeReferences references_;
  std::vector<std::optional<bool>> stacks_;
  std::unordered_map<image::FuncIndex, bool> functions_, own_;
  std::optional<golang::AddrMap> standard_;  // what the standard library's code refers to
};

}  // namespace parked::leak
