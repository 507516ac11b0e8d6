#include "image/dwarf_types.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "image/dwarf_die.h"
#include "image/symbol_name.h"

namespace parked::image {

namespace {

// Go's own attributes (cmd/internal/dwarf, the same 1.18 to 1.27).
constexpr unsigned kGoKey = 0x2901;
constexpr unsigned kGoElem = 0x2902;
constexpr unsigned kGoRuntimeType = 0x2904;

std::uint64_t sizeOf(Dwarf_Die type) {
  if (!strip(&type)) return 0;
  if (const auto size = numberOf(&type, DW_AT_byte_size)) return *size;
  const int tag = dwarf_tag(&type);
  return tag == DW_TAG_pointer_type || tag == DW_TAG_subroutine_type ? kWord : 0;
}

/// The member that covers `offset`, and the offset inside of it.
bool memberAt(Dwarf_Die* type, std::uint64_t& offset, Dwarf_Die& member) {
  Dwarf_Die die;
  if (dwarf_child(type, &die) != 0) return false;
  do {
    const auto start = numberOf(&die, DW_AT_data_member_location);
    Dwarf_Die of;
    if (dwarf_tag(&die) != DW_TAG_member || !start || !typeOf(&die, &of) || offset < *start ||
        offset - *start >= sizeOf(of)) {
      continue;
    }
    offset -= *start;
    member = die;
    return true;
  } while (dwarf_siblingof(&die, &die) == 0);
  return false;
}

/// Interfaces, slices and strings are structs that the compiler makes: fills in what the word at
/// the offset is. False for every other struct.
bool builtinWord(Dwarf_Die* structure, std::uint64_t offset, TypedWord& found) {
  const std::string_view name = nameOf(structure);
  if (name == "runtime.iface" || name == "runtime.eface") {
    found.kind = offset == kWord ? PointerKind::interfaceData : PointerKind::unknown;
    return true;
  }
  if (Dwarf_Die element; refersTo(structure, kGoElem, &element)) {  // a slice
    if (offset == 0) {
      found.kind = PointerKind::slice;
      found.pointee = dwarf_dieoffset(&element);
    }
    return true;
  }
  if (name != "string") return false;
  found.kind = PointerKind::string;
  return true;
}

}  // namespace

bool DwarfTypes::dieOf(TypeRef type, Dwarf_Die& die) const {
  return type != 0 && dwarf_offdie(units_->dwarf(), type, &die) != nullptr;
}

/// The unit of the variable's package names it. A reference into a unit that is not unpacked yet
/// would be followed into zeros, so all units up to the one with the types must have been seen;
/// they are where the runtime is, which is asked for first.
TypeRef DwarfTypes::variable(std::string_view name) {
  const auto [at, isNew] = variables_.try_emplace(std::string(name), 0);
  if (!isNew) return at->second;
  indexTypes();
  const std::string_view package = packageOf(name);
  for (std::size_t i = 0;; ++i) {
    const DwarfUnits::Unit* unit = units_->at(i);
    if (unit == nullptr) return 0;
    if (!unit->go || unit->name != package) continue;
    Dwarf_Die unitDie = unit->die;
    Dwarf_Die die;
    if (dwarf_child(&unitDie, &die) != 0) continue;
    do {
      if (dwarf_tag(&die) != DW_TAG_variable || nameOf(&die) != name) continue;
      Dwarf_Die type;
      if (typeOf(&die, &type)) at->second = dwarf_dieoffset(&type);
      return at->second;
    } while (dwarf_siblingof(&die, &die) == 0);
  }
}

/// All types are in one unit, one of those of package runtime.
void DwarfTypes::indexTypes() {
  if (std::exchange(indexed_, true)) return;
  for (std::size_t i = 0; described_.empty(); ++i) {
    const DwarfUnits::Unit* unit = units_->at(i);
    if (unit == nullptr) return;
    if (!unit->go || unit->name != "runtime") continue;
    Dwarf_Die unitDie = unit->die;
    Dwarf_Die die;
    if (dwarf_child(&unitDie, &die) != 0) continue;
    do {
      Dwarf_Attribute attribute;
      Dwarf_Addr key = 0;
      if (dwarf_attr(&die, kGoRuntimeType, &attribute) == nullptr) continue;
      if (dwarf_formaddr(&attribute, &key) != 0 && dwarf_formudata(&attribute, &key) != 0) continue;
      if (key == 0) continue;
      described_.emplace(key, dwarf_dieoffset(&die));
      lowest_ = std::min<Addr>(lowest_, key);
    } while (dwarf_siblingof(&die, &die) == 0);
  }
}

TypeRef DwarfTypes::described(Addr descriptor, Addr types) {
  if (types_ != 0 && types != types_) return 0;
  indexTypes();
  // Newer linkers write the distance from the first descriptor.
  const auto at = described_.find(lowest_ >= types ? descriptor : descriptor - types);
  return at == described_.end() ? 0 : at->second;
}

TypeRef DwarfTypes::channelOf(TypeRef /*element*/) { return 0; }

std::string DwarfTypes::name(TypeRef type) const {
  Dwarf_Die die;
  return dieOf(type, die) ? std::string(nameOf(&die)) : std::string();
}

std::uint64_t DwarfTypes::size(TypeRef type) const {
  Dwarf_Die die;
  return dieOf(type, die) ? sizeOf(die) : 0;
}

bool DwarfTypes::isPointer(TypeRef type) const {
  Dwarf_Die die;
  return dieOf(type, die) && strip(&die) && dwarf_tag(&die) == DW_TAG_pointer_type;
}

TypeRef DwarfTypes::pointee(TypeRef type) const {
  Dwarf_Die die, to;
  if (!dieOf(type, die) || !strip(&die) || dwarf_tag(&die) != DW_TAG_pointer_type) return 0;
  return typeOf(&die, &to) ? dwarf_dieoffset(&to) : 0;
}

TypedWord DwarfTypes::word(TypeRef type, std::uint64_t offset) const {
  return find(type, offset, {});
}

std::string DwarfTypes::pathTo(std::string_view package, TypeRef type, std::uint64_t offset) const {
  return find(type, offset, package).path;
}

/// With `stop`, ends at the first struct whose name begins so.
TypedWord DwarfTypes::find(TypeRef type, std::uint64_t offset, std::string_view stop) const {
  TypedWord found;
  Dwarf_Die die;
  if (!dieOf(type, die)) return found;
  PointerKind pointer = PointerKind::pointer;
  for (int depth = 0; depth < kMaxTypeDepth; ++depth) {
    Dwarf_Die next;
    switch (dwarf_tag(&die)) {
      case DW_TAG_typedef:
        // Maps and channels are typedefs of pointers to the runtime's structs.
        if (Dwarf_Die key; refersTo(&die, kGoKey, &key)) {
          pointer = PointerKind::map;
        } else if (refersTo(&die, kGoElem, &key)) {
          pointer = PointerKind::channel;
          found.element = dwarf_dieoffset(&key);
        }
        if (!typeOf(&die, &next)) return found;
        break;
      case DW_TAG_structure_type: {
        if (!stop.empty() && nameOf(&die).starts_with(stop)) return found;
        if (builtinWord(&die, offset, found)) return found;
        Dwarf_Die member;
        if (!memberAt(&die, offset, member) || !typeOf(&member, &next)) return found;
        found.path += fmt::format(".{}", nameOf(&member));
        break;
      }
      case DW_TAG_array_type: {
        if (!typeOf(&die, &next)) return found;
        const std::uint64_t size = sizeOf(next);
        if (size == 0) return found;
        found.path += fmt::format("[{}]", offset / size);
        offset %= size;
        break;
      }
      case DW_TAG_pointer_type:
        if (offset != 0) return found;
        found.kind = pointer;
        if (typeOf(&die, &next)) found.pointee = dwarf_dieoffset(&next);
        return found;
      case DW_TAG_subroutine_type:
        found.kind = offset == 0 ? PointerKind::function : PointerKind::unknown;
        return found;
      default:
        return found;
    }
    die = next;
  }
  return {};
}

}  // namespace parked::image
