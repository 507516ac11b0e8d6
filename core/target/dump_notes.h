// What `parked dump` notes in a core beside what every core has: what the kernel said of the
// process while it was there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/incomplete.h"
#include "target/core_writer.h"
#include "target/elf_file.h"
#include "target/sockets.h"
#include "target/target.h"

namespace parked::target {

struct DumpNotes {
  std::optional<std::int64_t> wallTimeNs;   ///< as Target has it
  std::optional<std::int64_t> monotonicNs;  ///< as Target has it
  bool cutOff = false;                      ///< as Target has it: of a core that was dumped again
  std::vector<Incomplete> incomplete;       ///< what of the target was not there to be dumped
  /// All that the target can read, what was not dumped too: a read there is a hole, as it is of a
  /// process that runs again, not an address that nobody has.
  std::vector<Region> regions;
  std::vector<Descriptor> descriptors;
  Sockets sockets;
  Variables variables;               ///< as Target has them
  std::optional<StandIns> standIns;  ///< of a redacted one
};

std::vector<CoreNote> encodeDumpNotes(const DumpNotes& notes);

/// nullopt if the core is none by parked, or by a parked that writes something else.
std::optional<DumpNotes> decodeDumpNotes(std::span<const ElfNote> notes);

/// Those that encodeDumpNotes() has not made.
std::vector<CoreNote> otherNotes(std::span<const ElfNote> notes);

}  // namespace parked::target
