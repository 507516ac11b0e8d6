// Struct layouts from the target's DWARF 4 or 5.
#pragma once

#include <memory>

#include "base/error.h"
#include "image/dwarf_units.h"
#include "image/layout.h"
#include "target/elf_file.h"

namespace parked::image {

/// Go's linker writes the types of the whole program into one unit of .debug_info, named "runtime"
/// (cmd/link/internal/ld/dwarf.go, Go 1.18 to 1.27): only the units up to that one are read, also
/// when another linker has put C units around them. Errors: unsupported without DWARF, badFormat
/// when there are no Go types in it.
Result<std::unique_ptr<LayoutSource>> openDwarfLayouts(std::shared_ptr<DwarfUnits> units);

/// The same from an executable, which must outlive the result, or from sections found otherwise.
Result<std::unique_ptr<LayoutSource>> openDwarfLayouts(const target::ElfFile& executable);
Result<std::unique_ptr<LayoutSource>> openDwarfLayouts(const DwarfSections& sections);

}  // namespace parked::image
