// What is asked of a DWARF entry everywhere.
#pragma once

#include <cstdint>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <optional>
#include <string_view>

namespace parked::image {

constexpr int kMaxTypeDepth = 64;  ///< types around types; damaged data may be cyclic

inline std::string_view nameOf(Dwarf_Die* die) {
  const char* name = dwarf_diename(die);
  return name != nullptr ? std::string_view(name) : std::string_view();
}

inline std::optional<std::uint64_t> numberOf(Dwarf_Die* die, unsigned attributeName) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_attr(die, attributeName, &attribute) == nullptr ||
      dwarf_formudata(&attribute, &value) != 0) {
    return std::nullopt;
  }
  return value;
}

/// The entry that an attribute refers to; false if there is none.
inline bool refersTo(Dwarf_Die* die, unsigned attributeName, Dwarf_Die* to) {
  Dwarf_Attribute attribute;
  return dwarf_attr(die, attributeName, &attribute) != nullptr &&
         dwarf_formref_die(&attribute, to) != nullptr;
}

inline bool typeOf(Dwarf_Die* die, Dwarf_Die* type) { return refersTo(die, DW_AT_type, type); }

/// Follows typedefs and qualifiers; false when they do not end.
inline bool strip(Dwarf_Die* type) {
  for (int depth = 0; depth < kMaxTypeDepth; ++depth) {
    const int tag = dwarf_tag(type);
    if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type) {
      return true;
    }
    Dwarf_Die inner;
    if (!typeOf(type, &inner)) return false;
    *type = inner;
  }
  return false;
}

}  // namespace parked::image
