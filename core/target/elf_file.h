// A mapped ELF file, its headers checked: what cores and executables have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/observer.h"
#include "target/registers.h"

namespace parked::target {

struct ElfSegment {
  std::uint32_t type = 0;
  std::uint32_t flags = 0;
  std::uint64_t fileOffset = 0;
  Addr address = 0;
  std::uint64_t fileSize = 0;  ///< as the header says
  std::uint64_t memorySize = 0;
  std::uint64_t alignment = 0;
  std::span<const std::byte> bytes;  ///< what the file really holds of it: shorter when truncated
};

struct ElfSection {
  std::string name;
  std::uint32_t type = 0;
  std::uint64_t flags = 0;
  Addr address = 0;
  std::uint64_t size = 0;            ///< as the header says (compressed size if SHF_COMPRESSED)
  std::span<const std::byte> bytes;  ///< raw file bytes; empty for SHT_NOBITS
};

/// A note of a PT_NOTE segment (or SHT_NOTE section).
struct ElfNote {
  std::string_view name;
  std::uint32_t type = 0;
  std::span<const std::byte> description;
};

/// A 64-bit little-endian ELF file for one of arch::all(), mapped read-only. Everything it hands
/// out is bounded by the file and stays valid as long as the object.
class ElfFile {
 public:
  /// The kernel lets a process have 65530 mappings unless it is told otherwise; each is a segment.
  /// Those behind are not read.
  static constexpr std::uint64_t kMostSegments = 1 << 22;

  /// Maps and checks a file. zstd-compressed files are unpacked into an unlinked temporary file
  /// first (sparse where the data is zeros). `shownAs` is what path() and messages call it, when
  /// that is not how it is opened (/proc/PID/exe); `observer` sees the unpacking.
  /// Errors: notFound, permission, badFormat, unsupported (32-bit, big-endian, another machine,
  /// another compression), io, interrupted.
  static Result<std::shared_ptr<const ElfFile>> open(const std::string& path,
                                                     const std::string& shownAs = {},
                                                     Observer* observer = nullptr);
  /// Reads from memory (tests, fuzzing). The bytes must outlive the object.
  static Result<std::shared_ptr<const ElfFile>> fromBytes(std::span<const std::byte> bytes,
                                                          std::string name);
  ~ElfFile();

  const std::string& path() const;
  bool isCore() const;                 ///< ET_CORE
  bool isPositionIndependent() const;  ///< ET_DYN
  const Architecture& arch() const;
  Addr entry() const;
  /// Program headers or bytes of a segment lie past the end of the file, or a compressed stream
  /// ended early.
  bool truncated() const;
  /// Segments to be loaded together claim more bytes than the file has; those beyond have none.
  bool claimsTooMuch() const;
  /// What happened to the file since it was opened, as MappedFile::changed(); "" if nothing did.
  std::string changed() const;
  std::span<const std::byte> fileBytes() const;
  std::span<const ElfSegment> segments() const;
  /// Empty for cores: gcore's sections only repeat its segments.
  std::span<const ElfSection> sections() const;
  const ElfSection* section(std::string_view name) const;
  /// Of all PT_NOTE segments, or of the SHT_NOTE sections when there is none of them.
  std::vector<ElfNote> notes() const;

  /// Go's build id (.note.go.buildid), "" if none.
  std::string goBuildId() const;
  /// GNU build id in hex, "" if none.
  std::string gnuBuildId() const;

 private:
  ElfFile();
  std::vector<ElfNote> sectionNotes() const;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Splits the bytes of a note segment; stops at the first malformed note. `alignment` is the
/// segment's: notes are padded to 8 bytes only where it says so (GNU property notes).
std::vector<ElfNote> parseNotes(std::span<const std::byte> bytes, std::uint64_t alignment = 4);

}  // namespace parked::target
