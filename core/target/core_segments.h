// The segments of a core as memory.
#pragma once

#include <vector>

#include "target/address_space.h"
#include "target/elf_file.h"

namespace parked::target {

/// Adds what the file has of the segments, which are sorted by address. What lies beyond fileSize
/// was not dumped (a read-only file, a reservation): absent, not zero. Comes back: addresses that
/// several of them claim for themselves, which are not added, as nobody can tell who is right.
std::vector<Range> addCoreSegments(AddressSpace& memory,
                                   const std::vector<const ElfSegment*>& segments);

}  // namespace parked::target
