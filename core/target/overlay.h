// The executable's part of the address space: whether it is the right one, where it was loaded, and
// its read-only pages, which cores leave out.
#pragma once

#include <optional>
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
/// kernel dumps that page with every core (coredump_filter bit 4, on by default).
BuildIds buildIdsInMemory(AddressSpace& memory, Addr header);

/// Whether the target runs `executable`, loaded at `bias`: compares Go's build id, else the GNU
/// one, else what the Go linker wrote about the build; nothing to compare counts as a match. To be
/// asked before the executable is overlaid. ErrorCode::mismatch names both; `what` is what the
/// message calls the target ("core /tmp/core").
Result<void> checkProgram(AddressSpace& memory, const ElfFile& executable, std::uint64_t bias,
                          const std::string& what);

/// Bias of a position-independent executable whose place nobody tells: looks for an ELF header with
/// its build id at the start of every region.
std::optional<std::uint64_t> findBias(AddressSpace& memory, const ElfFile& executable);

/// Fills the holes of `memory` with the executable's read-only segments at `bias`.
///
/// Never with its writable ones: the file has their initial values, and a Go program writes its
/// data segment before main starts. Where a core lacks those pages (truncated, or dumped with a
/// coredump_filter without private memory) initial values would pass for the program's state, and
/// the report would show a program without goroutines instead of a hole.
void overlayExecutable(AddressSpace& memory, const ElfFile& executable, std::uint64_t bias);

/// Link address of the first loadable segment, rounded down to its page.
Addr linkBase(const ElfFile& executable);

}  // namespace parked::target
