// Files with Go code that a target has mapped: its program, libraries that were built as c-shared,
// plugins. A program of C or Python has its Go in a library.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "target/address_space.h"
#include "target/elf_file.h"
#include "target/target.h"

namespace parked::target {

/// The bytes from the magic of .go.buildinfo on (cmd/link/internal/ld/data.go); empty if the file
/// has no Go code. Without section headers the writable segments are searched for it.
std::span<const std::byte> goBuildInfo(const ElfFile& file);

struct GoFiles {
  std::vector<GoFile> found;         ///< by address
  std::vector<std::string> unknown;  ///< mapped ELF files that are not here: what is in them is
                                     ///< not known, and their memory does not tell of Go
};

/// What Go there is in a file, loaded at `bias`, by its build information, or of a library by its
/// build id; nullopt if none is.
std::optional<GoFile> asGoFile(std::string path, std::shared_ptr<const ElfFile> file,
                               std::uint64_t bias);

/// Opens the file of a mapping.
using OpenMapped = std::function<Result<std::shared_ptr<const ElfFile>>(const Mapping&)>;

/// Looks at every file that is mapped, but for the one whose first page lies at `program` (0:
/// there is none). Nothing may be overlaid yet: the files' pages in memory tell whether they are
/// the right ones; `what` is what messages call the target.
GoFiles findGoFiles(AddressSpace& memory, const std::vector<Mapping>& mappings, Addr program,
                    const std::string& what, const OpenMapped& open);

/// Whether `name`, which a person gave, means the file at `path`: its path, or the path's last
/// part.
bool namesFile(const std::string& name, const std::string& path);

/// The last part of a path.
std::string baseNameOf(const std::string& path);

/// Without what the kernel appends to the name of an unlinked file.
std::string withoutDeleted(std::string path);

}  // namespace parked::target
