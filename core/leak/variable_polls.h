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
#include "image/function_references.h"
#include "leak/code.h"

namespace parked::leak {

/// The variables that a goroutine may look at; each includes those before it.
enum class Polled : std::uint8_t {
  nothing,
  librarys,  ///< those without pointers of a library's
  programs,  ///< those of the program's own packages
};

class VariablePolls {
 public:
  /// Both must outlive the object.
  VariablePolls(const golang::Snapshot& snapshot, const Code& code);

  /// What a function on the goroutine's stack that is not the standard library's, or one of its
  /// package that it calls, a few calls deep, reads. Calls through interfaces and func values are
  /// not followed.
  Polled polled(const golang::Goroutine& goroutine);

  /// How many pointers from this word of a variable on lead to what stops nobody. None, if it is
  /// of the program's own. One, if it is a library's: a default logger. More, if it is known to be
  /// a supply, such as of buffers. Without names it has to be one that libraries' code refers to at
  /// this very word, and the program's own does not.
  int common(Addr word);

  /// The address is in the program's data: a variable, or what a composite literal at package level
  /// made. Of the program's own packages, `librarysCount`: or of a library's. Where it is not told
  /// whose it is, it is the program's.
  bool isOthers(Addr address, bool librarysCount);
  /// It is in the part of the program's data that has no pointers.
  bool isPlain(Addr address) const;

 private:
  Polled ofStack(golang::Index stack);
  Polled ofFunction(image::FuncIndex function);
  Polled reads(image::FuncIndex function);
  bool isUsers(image::FuncIndex function) const;
  bool isVariable(Addr address) const;
  Polled asked(Addr address, image::FuncIndex reader);
  Owner ownerOfFunction(image::FuncIndex function) const;
  Owner ownerOfVariable(Addr address, image::FuncIndex reader);
  Owner ownerOfPackage(std::string_view variable);
  void findReferred();
  bool isCompilers(Addr address) const;
  bool ofStandardLibrary(Addr address);
  Owner ownerOfData(Addr address);
  Owner ownerOfWord(Addr address);
  void findPointed();

  const golang::Snapshot& snapshot_;
  const Code& code_;
  image::Image& image_;
  image::FunctionReferences references_;
  std::vector<std::optional<Polled>> stacks_;
  std::unordered_map<image::FuncIndex, Polled> functions_, own_;
  std::optional<golang::AddrMap> standard_;  // what the standard library's code refers to
  // What all code refers to: 1 if some of it is the program's own.
  std::optional<golang::AddrMap> referred_;
  // Whose variables lead to what is no variable itself, by where they lead: the nearest to the
  // reader.
  std::optional<std::unordered_map<Addr, Owner>> pointed_;
  std::unordered_map<Addr, Owner> data_;
};

}  // namespace parked::leak
