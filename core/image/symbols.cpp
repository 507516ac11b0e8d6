#include "image/symbols.h"

#include <algorithm>
#include <cstring>
#include <elf.h>

#include "image/byte_reader.h"

namespace parked::image {

namespace {

Elf64_Sym symbolAt(std::span<const std::byte> table, std::size_t number) {
  Elf64_Sym symbol;
  std::memcpy(&symbol, table.data() + number * sizeof symbol, sizeof symbol);
  return symbol;
}

}  // namespace

Symbols::Symbols(const target::ElfFile& executable, std::uint64_t bias) : bias_(bias) {
  const auto* table = executable.section(".symtab");
  const auto* names = executable.section(".strtab");
  if (table == nullptr || names == nullptr) return;
  table_ = table->bytes.first(table->bytes.size() / sizeof(Elf64_Sym) * sizeof(Elf64_Sym));
  names_ = names->bytes;
}

std::string_view Symbols::nameAt(std::uint32_t number) const {
  return textAt(names_, symbolAt(table_, number).st_name);
}

void Symbols::index() {
  indexed_ = true;
  const auto nameOf = [this](std::uint32_t number) { return nameAt(number); };
  const std::size_t count =
      std::min<std::size_t>(table_.size() / sizeof(Elf64_Sym), NameIndex::kNone);
  for (std::size_t i = 0; i < count; ++i) {
    const Elf64_Sym symbol = symbolAt(table_, i);
    const unsigned type = ELF64_ST_TYPE(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF || (type != STT_OBJECT && type != STT_NOTYPE)) continue;
    const std::string_view name = textAt(names_, symbol.st_name);
    if (!name.empty()) index_.add(name, static_cast<std::uint32_t>(i), nameOf);
  }
}

std::optional<Addr> Symbols::find(std::string_view name) {
  if (!indexed_) index();
  const std::uint32_t number = index_.find(name, [this](std::uint32_t id) { return nameAt(id); });
  if (number == NameIndex::kNone) return std::nullopt;
  return symbolAt(table_, number).st_value + bias_;
}

Symbols::Variable Symbols::covering(Addr address) const {
  const Addr linked = address - bias_;
  for (std::size_t i = 0; i < table_.size() / sizeof(Elf64_Sym); ++i) {
    const Elf64_Sym symbol = symbolAt(table_, i);
    if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT) continue;
    if (linked < symbol.st_value || linked - symbol.st_value >= symbol.st_size) continue;
    return {textAt(names_, symbol.st_name), symbol.st_value + bias_};
  }
  return {};
}

}  // namespace parked::image
