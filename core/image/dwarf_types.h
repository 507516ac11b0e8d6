// Types of variables and of what they point to, from DWARF: the way from a global to an object in
// the words of the source (".sessions", "[3]", an entry of a map).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "image/dwarf_units.h"
#include "target/elf_file.h"

namespace parked::image {

/// A type: the offset of its entry in .debug_info; 0 is none.
using TypeRef = std::uint64_t;

/// What a word of a value is to who follows it as a pointer.
enum class PointerKind : std::uint8_t {
  unknown,
  pointer,
  slice,   ///< to the first of several values
  string,  ///< to bytes
  map,     ///< to the map's header
  channel,
  interfaceData,  ///< the type is in the word before
  function,       ///< to a closure
};

struct TypedWord {
  PointerKind kind = PointerKind::unknown;
  std::string path;     ///< from the value to the word: ".conns[2].done", "" for the value itself
  TypeRef pointee = 0;  ///< of what it points to; of a slice, of one element
  TypeRef element = 0;  ///< of a channel: what it carries
};

class DwarfTypes {
 public:
  /// Nothing is read before it is asked for. The executable must outlive the object.
  static Result<std::unique_ptr<DwarfTypes>> open(const target::ElfFile& executable);
  static Result<std::unique_ptr<DwarfTypes>> open(const DwarfSections& sections);

  /// Type of the global of that name as its symbol has it ("main.registry"); 0 if there is none.
  TypeRef variable(std::string_view name);
  /// The type with that run-time descriptor; 0 if there is none. Both addresses as linked, without
  /// load bias: `types` is where the module's descriptors start (moduledata.types).
  TypeRef described(Addr descriptor, Addr types);

  /// As DWARF names it: "*main.session", "map[string]*main.session"; "" for one without a name.
  std::string name(TypeRef type) const;
  std::uint64_t size(TypeRef type) const;  ///< bytes; 0 if unknown
  bool isPointer(TypeRef type) const;
  TypeRef pointee(TypeRef type) const;  ///< of a pointer type; 0 otherwise
  /// The word `offset` bytes into a value of the type.
  TypedWord word(TypeRef type, std::uint64_t offset) const;
  /// Path to the struct of package `package` ("sync.") that covers the offset: ".mu", "" if none.
  std::string pathTo(std::string_view package, TypeRef type, std::uint64_t offset) const;

 private:
  DwarfTypes() = default;
  bool dieOf(TypeRef type, Dwarf_Die& die) const;
  TypedWord find(TypeRef type, std::uint64_t offset, std::string_view stop) const;
  void indexTypes();

  std::unique_ptr<DwarfSections> sections_;
  std::unique_ptr<DwarfUnits> units_;
  std::unordered_map<std::string, TypeRef> variables_;  // answers
  std::unordered_map<Addr, TypeRef> described_;  // by address, or by offset from moduledata.types
  Addr lowest_ = ~Addr{0};                       // key of described_
  bool indexed_ = false;
};

}  // namespace parked::image
