// The executable's part of the address space: its read-only pages, which cores leave out.
#pragma once

#include <string>

#include "base/error.h"
#include "target/address_space.h"
#include "target/elf_file.h"

namespace parked::target {

/// Go's and the GNU build id; either may be empty.
struct BuildIds {
  std::string go;
  std::string gnu;
};

/// The build ids of the program whose ELF header lies at `header` in the target's memory. The
/// kernel dumps that page with every core.
BuildIds buildIdsInMemory(AddressSpace& memory, Addr header);

/// Compares by Go's build id, else the GNU one; nothing to compare counts as a match.
/// ErrorCode::mismatch names both.
Result<void> checkBuildId(const BuildIds& target, const ElfFile& executable);

/// Fills the holes of `memory` with the executable's segments at `bias`. Writable segments are
/// added only if `writable`: the file has their initial values, which are the truth only for pages
/// the process never wrote.
void overlayExecutable(AddressSpace& memory, const ElfFile& executable, std::uint64_t bias,
                       bool writable);

/// Address of the first byte of the first loadable segment, rounded down to its page; link address.
Addr linkBase(const ElfFile& executable);

}  // namespace parked::target
