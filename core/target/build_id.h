// Build ids among ELF notes.
#pragma once

#include <span>
#include <string>

#include "target/elf_file.h"

namespace parked::target {

std::string goBuildIdOf(std::span<const ElfNote> notes);   ///< "" if none
std::string gnuBuildIdOf(std::span<const ElfNote> notes);  ///< in hex, "" if none

}  // namespace parked::target
