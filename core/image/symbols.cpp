#include "image/symbols.h"

#include <elf.h>

#include "image/byte_reader.h"

namespace parked::image {

Symbols::Symbols(const target::ElfFile& executable, std::uint64_t bias) : bias_(bias) {
  const auto* table = executable.section(".symtab");
  const auto* names = executable.section(".strtab");
  if (table == nullptr || names == nullptr) return;
  table_ = table->bytes.first(table->bytes.size() / sizeof(Elf64_Sym) * sizeof(Elf64_Sym));
  names_ = names->bytes;
}

void Symbols::index() {
  indexed_ = true;
  for (std::size_t at = 0; at < table_.size(); at += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol;
    std::memcpy(&symbol, table_.data() + at, sizeof(symbol));
    const unsigned type = ELF64_ST_TYPE(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF || (type != STT_OBJECT && type != STT_NOTYPE)) continue;
    const std::string_view name = textAt(names_, symbol.st_name);
    const std::size_t number = at / sizeof(Elf64_Sym);
    if (!name.empty() && number < NameIndex::kNone) {
      index_.add(name, static_cast<std::uint32_t>(number));
    }
  }
}

std::optional<Addr> Symbols::find(std::string_view name) {
  if (!indexed_) index();
  const auto symbolAt = [this](std::uint32_t number) {
    Elf64_Sym symbol;
    std::memcpy(&symbol, table_.data() + number * sizeof(symbol), sizeof(symbol));
    return symbol;
  };
  const std::uint32_t number =
      index_.find(name, [&](std::uint32_t id) { return textAt(names_, symbolAt(id).st_name); });
  if (number == NameIndex::kNone) return std::nullopt;
  return symbolAt(number).st_value + bias_;
}

Symbols::Variable Symbols::covering(Addr address) const {
  const Addr linked = address - bias_;
  for (std::size_t at = 0; at < table_.size(); at += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol;
    std::memcpy(&symbol, table_.data() + at, sizeof(symbol));
    if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT) continue;
    if (linked < symbol.st_value || linked - symbol.st_value >= symbol.st_size) continue;
    return {textAt(names_, symbol.st_name), symbol.st_value + bias_};
  }
  return {};
}

}  // namespace parked::image
