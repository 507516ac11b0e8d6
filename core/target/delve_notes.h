// The notes that Delve's dump writes (pkg/elfwriter, pkg/proc/dump.go; the same since Delve 1.7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "target/core_notes.h"

namespace parked::target {

inline constexpr std::uint32_t kDelveHeaderNote = 0x444c5645;  ///< "DLVE", text lines
inline constexpr std::uint32_t kDelveThreadNote = 0x444c5654;  ///< "DLVT", one a thread

/// The process id and the entry point out of the header's lines; fills only what is missing.
void readDelveHeader(std::string_view text, CoreNotes& out);

/// A thread of a dump made without the system's own notes: named registers instead of a register
/// block. False if it is damaged; of one whose list of registers is cut the words are not known.
bool readDelveThread(std::span<const std::byte> bytes, const Architecture& arch, Thread& out);

/// The two without what is the program's own: of the lines those with numbers, of registers those
/// with a meaning and the words that `keeps` wants.
std::vector<std::byte> redactedDelveHeader(std::span<const std::byte> note);
std::vector<std::byte> redactedDelveThread(std::span<const std::byte> note,
                                           const Architecture& arch,
                                           const std::function<bool(std::uint64_t)>& keeps);

}  // namespace parked::target
