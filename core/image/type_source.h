// Types of values, to follow a way through memory in the words of the source: from DWARF, or from
// the target's own descriptors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace parked::image {

/// A type, by a number of the source's choice; 0 is none.
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

/// The runtime's own structs behind maps and channels are types, too; their names begin with
/// "hchan<", "hash<", "bucket<" (maps up to Go 1.23), "map<", "table<", "group<" (since).
class TypeSource {
 public:
  virtual ~TypeSource() = default;

  /// Type of the global of that name as its symbol has it ("main.registry"); 0 if there is none.
  virtual TypeRef variable(std::string_view name) = 0;
  /// The type with that run-time descriptor; 0 if there is none. Both addresses as linked, without
  /// load bias: `types` is where the module's descriptors start (moduledata.types).
  virtual TypeRef described(Addr descriptor, Addr types) = 0;
  /// What a channel variable that carries such values points to; 0 if the source cannot tell.
  virtual TypeRef channelOf(TypeRef element) = 0;

  /// As Go writes it: "*main.session", "map[string]*main.session"; "" for one without a name.
  virtual std::string name(TypeRef type) const = 0;
  virtual std::uint64_t size(TypeRef type) const = 0;  ///< bytes; 0 if unknown
  virtual bool isPointer(TypeRef type) const = 0;
  virtual TypeRef pointee(TypeRef type) const = 0;  ///< of a pointer type; 0 otherwise
  /// The word `offset` bytes into a value of the type.
  virtual TypedWord word(TypeRef type, std::uint64_t offset) const = 0;
  /// Path to the struct of package `package` ("sync.") that covers the offset: ".mu", "" if none.
  virtual std::string pathTo(std::string_view package, TypeRef type,
                             std::uint64_t offset) const = 0;
};

}  // namespace parked::image
