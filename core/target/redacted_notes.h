// The notes of a core without what is the program's own.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "target/core_writer.h"
#include "target/dump_notes.h"
#include "target/pseudonyms.h"

namespace parked::target {

/// Adds the texts of notes: paths, descriptors, addresses of sockets.
void addTexts(const std::vector<CoreNote>& notes, const DumpNotes& dumped, Pseudonyms& texts);

/// Whether what a register holds stays: a pointer into memory that stays.
using KeepsWord = std::function<bool(std::uint64_t)>;

/// Of registers those with a meaning stay (where the thread is, its stack), and others if `keeps`
/// says so; of the signal what a report tells; of what the program was started with the numbers.
/// Paths are replaced. Notes that nobody here knows are left out.
std::vector<CoreNote> redactedNotes(const std::vector<CoreNote>& notes, const Architecture& arch,
                                    const KeepsWord& keeps, const Pseudonyms& texts);

/// The same of the notes that `parked dump` writes itself.
void redact(DumpNotes& dumped, const Pseudonyms& texts);

}  // namespace parked::target
