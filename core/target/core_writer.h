// Writes a core file: what core.cpp and debuggers read again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/observer.h"
#include "target/address_space.h"
#include "target/byte_sink.h"
#include "target/registers.h"

namespace parked::target {

/// A note of a core.
struct CoreNote {
  std::string name;
  std::uint32_t type = 0;
  std::vector<std::byte> description;
};

/// Memory that becomes a segment. Each is whole: where memory is not known there is none, as
/// debuggers take for zeros what a segment has in memory but not in the file.
struct CoreSegment {
  Range range;
  bool writable = false;
  bool executable = false;
  std::span<const std::byte> bytes = {};  ///< what is there; empty: the address space has it
};

/// The parts of `ranges` that are memory of the target itself, not of its executable's file. All
/// of them have to be readable.
std::vector<CoreSegment> segmentsOf(const AddressSpace& memory, const std::vector<Range>& ranges);

/// Adds `more` to `segments`, both by address, but for what overlaps one that is there.
void addSegments(std::vector<CoreSegment>& segments, const std::vector<CoreSegment>& more);

/// What a core is made of.
struct CoreContents {
  const Architecture& arch;
  std::vector<CoreNote> notes;
  std::vector<CoreSegment> segments;  ///< by address, none overlaps another
  /// Of the address space's memory only this is written, and zeros for the rest; null: all.
  const ReadLog* only = nullptr;
};

/// Errors: of the sink; unreadable, if `memory` does not have a segment; unsupported: more segments
/// than anybody reads; interrupted.
Result<void> writeCore(const CoreContents& contents, AddressSpace& memory, ByteSink& out,
                       Observer* observer);

}  // namespace parked::target
