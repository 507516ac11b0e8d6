#include "image/dwarf_layouts.h"

#include <fmt/format.h>
#include <limits>
#include <unordered_map>

#include "image/dwarf_die.h"
#include "image/name_index.h"
#include "image/symbol_name.h"

namespace parked::image {

namespace {

constexpr std::size_t kMaxFields = 100000;  // of one struct

/// Size in bytes of a type without typedefs around it; 0 when it is not known.
std::uint32_t sizeOf(Dwarf_Die* type) {
  const auto size = numberOf(type, DW_AT_byte_size);
  if (size && *size <= std::numeric_limits<std::uint32_t>::max()) {
    return static_cast<std::uint32_t>(*size);
  }
  switch (dwarf_tag(type)) {
    case DW_TAG_pointer_type:
    case DW_TAG_subroutine_type:  // Go: a func value, a pointer to its closure
      return kWord;
    default:
      return 0;
  }
}

std::optional<FieldLayout> readField(Dwarf_Die* member) {
  Dwarf_Die type;
  const auto offset = numberOf(member, DW_AT_data_member_location);
  if (!offset || *offset > std::numeric_limits<std::uint32_t>::max() || !typeOf(member, &type)) {
    return std::nullopt;
  }
  FieldLayout field;
  field.name = nameOf(member);
  field.offset = static_cast<std::uint32_t>(*offset);
  field.type = nameOf(&type);
  if (!strip(&type)) return std::nullopt;
  if (dwarf_tag(&type) == DW_TAG_structure_type && !nameOf(&type).empty()) {
    field.type = nameOf(&type);
  }
  field.size = sizeOf(&type);
  return field;
}

class DwarfLayouts : public LayoutSource {
 public:
  explicit DwarfLayouts(std::shared_ptr<DwarfUnits> units) : units_(std::move(units)) {}

  /// Finds the unit with the types and indexes its structs.
  Result<void> indexTypes();

  const StructLayout* find(std::string_view type) override;
  bool constant(std::string_view name, std::int64_t& value) override;
  std::string origin() const override { return "DWARF"; }

 private:
  struct Struct {
    std::string_view name;
    Dwarf_Off offset;
  };

  using Constants = std::unordered_map<std::string_view, std::int64_t>;
  Constants readConstants(std::string_view package);

  std::shared_ptr<DwarfUnits> units_;
  std::unordered_map<std::string, std::optional<Constants>> constants_;  // by package
  std::vector<Struct> structs_;
  NameIndex index_;
  std::unordered_map<std::uint32_t, StructLayout> read_;  // by number in structs_
};

Result<void> DwarfLayouts::indexTypes() {
  bool anyGo = false;
  const auto nameOfStruct = [this](std::uint32_t number) { return structs_[number].name; };
  for (std::size_t i = 0; structs_.empty(); ++i) {
    const DwarfUnits::Unit* unit = units_->at(i);
    if (unit == nullptr && anyGo) {
      return fail(ErrorCode::badFormat, "the DWARF data has no types of the Go runtime");
    }
    if (unit == nullptr) {
      // -ldflags=-w on a program with C code that has debug information of its own.
      return fail(ErrorCode::unsupported, std::string(kWithoutDwarf));
    }
    anyGo = anyGo || unit->go;
    if (!unit->go || unit->name != "runtime") continue;
    Dwarf_Die unitDie = unit->die;
    Dwarf_Die die;
    if (dwarf_child(&unitDie, &die) != 0) continue;
    do {
      if (dwarf_tag(&die) != DW_TAG_structure_type) continue;
      const std::string_view name = nameOf(&die);
      if (name.empty()) continue;
      index_.add(name, static_cast<std::uint32_t>(structs_.size()), nameOfStruct);
      structs_.push_back({name, dwarf_dieoffset(&die)});
    } while (dwarf_siblingof(&die, &die) == 0);
  }
  return {};
}

const StructLayout* DwarfLayouts::find(std::string_view type) {
  const std::uint32_t number =
      index_.find(type, [this](std::uint32_t id) { return structs_[id].name; });
  if (number == NameIndex::kNone) return nullptr;
  const auto [it, isNew] = read_.try_emplace(number);
  StructLayout& layout = it->second;
  if (!isNew) return &layout;

  layout.name = type;
  Dwarf_Die die;
  Dwarf_Die member;
  if (dwarf_offdie(units_->dwarf(), structs_[number].offset, &die) == nullptr) return &layout;
  layout.size = sizeOf(&die);
  if (dwarf_child(&die, &member) != 0) return &layout;
  do {
    if (dwarf_tag(&member) != DW_TAG_member) continue;
    if (auto field = readField(&member)) layout.fields.push_back(std::move(*field));
  } while (layout.fields.size() < kMaxFields && dwarf_siblingof(&member, &member) == 0);
  return &layout;
}

/// Constants are in the units of their package, of which there may be several, anywhere: to know
/// that there is none, all units have to be unpacked. So that is done once for each package.
bool DwarfLayouts::constant(std::string_view name, std::int64_t& value) {
  const std::string_view package = packageOf(name);
  auto& constants = constants_[std::string(package)];
  if (!constants) constants = readConstants(package);
  const auto found = constants->find(name);
  if (found == constants->end()) return false;
  value = found->second;
  return true;
}

DwarfLayouts::Constants DwarfLayouts::readConstants(std::string_view package) {
  Constants constants;
  for (std::size_t i = 0;; ++i) {
    const DwarfUnits::Unit* unit = units_->at(i);
    if (unit == nullptr) return constants;
    if (!unit->go || unit->name != package) continue;
    Dwarf_Die unitDie = unit->die;
    Dwarf_Die die;
    if (dwarf_child(&unitDie, &die) != 0) continue;
    do {
      if (dwarf_tag(&die) != DW_TAG_constant) continue;
      Dwarf_Attribute attribute;
      Dwarf_Sword value = 0;
      if (dwarf_attr(&die, DW_AT_const_value, &attribute) != nullptr &&
          dwarf_formsdata(&attribute, &value) == 0) {
        constants.emplace(nameOf(&die), value);
      }
    } while (dwarf_siblingof(&die, &die) == 0);
  }
}

}  // namespace

Result<std::unique_ptr<LayoutSource>> openDwarfLayouts(std::shared_ptr<DwarfUnits> units) {
  auto layouts = std::make_unique<DwarfLayouts>(std::move(units));
  if (auto indexed = layouts->indexTypes(); !indexed) return tl::unexpected(indexed.error());
  return layouts;
}

Result<std::unique_ptr<LayoutSource>> openDwarfLayouts(const DwarfSections& sections) {
  auto units = DwarfUnits::open(sections);
  if (!units) return tl::unexpected(units.error());
  return openDwarfLayouts(std::move(*units));
}

Result<std::unique_ptr<LayoutSource>> openDwarfLayouts(const target::ElfFile& executable) {
  auto units = DwarfUnits::open(executable);
  if (!units) return tl::unexpected(units.error());
  return openDwarfLayouts(std::move(*units));
}

}  // namespace parked::image
