// The notes of a core of a process, as the kernel would write them (core_notes.h reads them again).
#pragma once

#include <span>
#include <vector>

#include "target/core_writer.h"
#include "target/proc.h"
#include "target/registers.h"
#include "target/target.h"

namespace parked::target {

/// Threads with the register sets that were read of them, what the process was started with, and
/// its mapped files. It was alive: no thread has got a signal.
std::vector<CoreNote> notesOfProcess(std::int32_t pid, const ProcessFacts& facts,
                                     std::span<const Thread> threads,
                                     std::span<const Mapping> mappings);

/// NT_FILE.
CoreNote filesNote(std::span<const Mapping> mappings);

}  // namespace parked::target
