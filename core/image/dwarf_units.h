// The units of .debug_info, one after the other, unpacked only as far as they are asked for.
#pragma once

#include <cstdint>
#include <elfutils/libdw.h>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/inflater.h"
#include "target/elf_file.h"

namespace parked::image {

/// The sections libdw needs for names and types.
struct DwarfSections {
  DebugSection info, abbrev;
  std::optional<DebugSection> str, lineStr, strOffsets;  ///< Go writes none of them, C units do
};

/// The message when there are no layouts to be had from DWARF.
inline constexpr std::string_view kWithoutDwarf =
    "the executable was built without DWARF (-ldflags=-w or -s, or stripped)";

/// unsupported when the executable was built or stripped without DWARF.
Result<DwarfSections> findDwarf(const target::ElfFile& executable);

class DwarfUnits {
 public:
  struct Unit {
    std::string_view name;  ///< Go: the import path of the package
    bool go = false;        ///< DW_LANG_Go
    Dwarf_Die die;
  };

  /// libdw's own way to open a file unpacks every debug section first, which costs more than all
  /// the rest together; so it is given a small ELF file in memory with just these sections, and
  /// .debug_info is unpacked into it as the units are walked. What the sections' bytes belong to
  /// must outlive the object; layouts and types share it, for unpacking is most of the work.
  /// Errors: unsupported without DWARF, badFormat.
  static Result<std::shared_ptr<DwarfUnits>> open(const DwarfSections& sections);
  static Result<std::shared_ptr<DwarfUnits>> open(const target::ElfFile& executable);
  ~DwarfUnits();
  DwarfUnits(const DwarfUnits&) = delete;
  DwarfUnits& operator=(const DwarfUnits&) = delete;

  /// Unit number `index`, in the order of the file; nullptr when there are no more, or when the
  /// data is damaged from there on.
  const Unit* at(std::size_t index);

  Dwarf* dwarf() const { return dwarf_; }

 private:
  DwarfUnits();
  bool readNext();

  struct Memory;
  DwarfSections sections_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Inflater> info_;
  std::uint64_t infoSize_ = 0;
  Elf* elf_ = nullptr;
  Dwarf* dwarf_ = nullptr;
  Dwarf_Off next_ = 0;
  std::vector<Unit> units_;
};

}  // namespace parked::image
