// Data symbols of the executable ("runtime.allgs").
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "image/name_index.h"
#include "target/elf_file.h"

namespace parked::image {

/// Looks up symbols of .symtab that are not functions (those are in pclntab, with or without a
/// symbol table). The first look-up indexes them in one pass.
class Symbols {
 public:
  /// `executable` must outlive the object; `bias` is added to every address.
  Symbols(const target::ElfFile& executable, std::uint64_t bias);

  /// The loaded address of a symbol; nullopt if there is none of that name.
  std::optional<Addr> find(std::string_view name);

  struct Variable {
    std::string_view name;  ///< empty: no symbol covers the address
    Addr address = 0;
  };
  /// The variable whose bytes cover `address`. Looks through the whole table: for a question or
  /// two.
  Variable covering(Addr address) const;

 private:
  void index();
  std::string_view nameAt(std::uint32_t number) const;

  std::span<const std::byte> table_;  // .symtab, only whole entries
  std::span<const std::byte> names_;  // .strtab
  std::uint64_t bias_;
  bool indexed_ = false;
  NameIndex index_;
};

}  // namespace parked::image
