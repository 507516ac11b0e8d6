#include "target/elf_file.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>

#include "arch/architecture.h"
#include "target/build_id.h"
#include "target/mapped_file.h"
#include "target/printable.h"

namespace parked::target {
namespace {

// A damaged count must not cost memory: real executables have tens of sections, object files made
// with -ffunction-sections some ten thousand.
constexpr std::uint64_t kMostSections = 1 << 17;

constexpr std::uint32_t kGoBuildIdNote = 4;  // cmd/link/internal/ld/elf.go ELF_NOTE_BUILDINFO_TAG

/// The part of [offset, offset+size) that lies inside `bytes`.
std::span<const std::byte> clamp(std::span<const std::byte> bytes, std::uint64_t offset,
                                 std::uint64_t size) {
  if (offset >= bytes.size()) return {};
  return bytes.subspan(offset, std::min<std::uint64_t>(size, bytes.size() - offset));
}

template <class T>
bool readAt(std::span<const std::byte> bytes, std::uint64_t offset, T& out) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
  std::memcpy(&out, bytes.data() + offset, sizeof(T));
  return true;
}

std::string_view stringAt(std::span<const std::byte> table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const auto* start = reinterpret_cast<const char*>(table.data()) + offset;
  return {start, strnlen(start, table.size() - offset)};
}

}  // namespace

struct ElfFile::Impl {
  std::string path;
  std::shared_ptr<const MappedFile> file;  // null when made from foreign bytes
  std::span<const std::byte> bytes;
  Elf64_Ehdr header{};
  const Architecture* arch = &arch::host();
  bool truncated = false;
  bool claimsTooMuch = false;
  std::vector<ElfSegment> segments;
  std::vector<ElfSection> sections;

  Result<void> parse();
  Result<void> checkHeader();
  Result<void> readSegments();
  void readSections();
};

Result<void> ElfFile::Impl::checkHeader() {
  const std::string name = printable(path);
  if (bytes.empty()) return fail(ErrorCode::badFormat, fmt::format("{} is empty", name));
  if (bytes.size() < SELFMAG || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) {
    return fail(ErrorCode::badFormat, fmt::format("{} is not an ELF file", name));
  }
  const auto ident = [this](std::size_t i) {
    return i < bytes.size() ? std::to_integer<std::uint8_t>(bytes[i]) : std::uint8_t{0};
  };
  if (ident(EI_CLASS) == ELFCLASS32) {
    return fail(ErrorCode::unsupported,
                fmt::format("{} is a 32-bit ELF file; only 64-bit programs can be read", name));
  }
  if (ident(EI_DATA) == ELFDATA2MSB) {
    return fail(ErrorCode::unsupported,
                fmt::format("{} is big-endian; only little-endian programs can be read", name));
  }
  if (!readAt(bytes, 0, header)) {
    return fail(ErrorCode::badFormat,
                fmt::format("{} is cut short: its ELF header ends early", name));
  }
  if (ident(EI_CLASS) != ELFCLASS64 || ident(EI_DATA) != ELFDATA2LSB) {
    return fail(ErrorCode::badFormat, fmt::format("{} has a damaged ELF header", name));
  }
  const Architecture* known = arch::byMachine(header.e_machine);
  if (known == nullptr) {
    return fail(ErrorCode::unsupported,
                fmt::format("{} is for {}; only {} programs can be read", name,
                            arch::machineName(header.e_machine), arch::allNames()));
  }
  arch = known;
  return {};
}

Result<void> ElfFile::Impl::readSegments() {
  std::uint64_t count = header.e_phnum;
  if (count == PN_XNUM) {
    // More segments than the field holds: the number is in the first section header.
    Elf64_Shdr first{};
    if (readAt(bytes, header.e_shoff, first)) count = first.sh_info;
  }
  if (count == 0) return {};
  if (header.e_phentsize < sizeof(Elf64_Phdr)) {
    return fail(ErrorCode::badFormat,
                fmt::format("{} has a damaged ELF header (program header size {})", printable(path),
                            header.e_phentsize));
  }
  if (header.e_phoff >= bytes.size()) {
    // Delve and a few others write the program headers last.
    return fail(ErrorCode::badFormat,
                fmt::format("{} is cut short: its program headers, at offset {}, are missing",
                            printable(path), header.e_phoff));
  }
  const std::uint64_t room = (bytes.size() - header.e_phoff) / header.e_phentsize;
  if (const std::uint64_t most = std::min(room, kMostSegments); count > most) {
    truncated = true;
    count = most;
  }
  segments.reserve(count);
  // Many segments may claim the same bytes by malice, and whoever searches them would read the file
  // again for each.
  std::uint64_t left = bytes.size();
  for (std::uint64_t i = 0; i < count; ++i) {
    Elf64_Phdr raw{};
    if (!readAt(bytes, header.e_phoff + i * header.e_phentsize, raw)) break;
    ElfSegment& segment = segments.emplace_back();
    segment.type = raw.p_type;
    segment.flags = raw.p_flags;
    segment.fileOffset = raw.p_offset;
    segment.address = raw.p_vaddr;
    segment.fileSize = raw.p_filesz;
    segment.memorySize = raw.p_memsz;
    segment.alignment = raw.p_align;
    segment.bytes = clamp(bytes, raw.p_offset, raw.p_filesz);
    if (raw.p_type == PT_LOAD) {
      if (segment.bytes.size() > left) {
        claimsTooMuch = true;
        segment.bytes = {};
      }
      left -= segment.bytes.size();
    }
    if (segment.bytes.size() < raw.p_filesz && (raw.p_type == PT_LOAD || raw.p_type == PT_NOTE)) {
      truncated = true;
    }
  }
  return {};
}

void ElfFile::Impl::readSections() {
  if (header.e_shoff == 0 || header.e_shentsize < sizeof(Elf64_Shdr) ||
      header.e_shoff >= bytes.size()) {
    return;
  }
  Elf64_Shdr first{};
  if (!readAt(bytes, header.e_shoff, first)) return;
  std::uint64_t count = header.e_shnum != 0 ? header.e_shnum : first.sh_size;
  const std::uint64_t namesIndex =
      header.e_shstrndx == SHN_XINDEX ? first.sh_link : header.e_shstrndx;
  const std::uint64_t room = (bytes.size() - header.e_shoff) / header.e_shentsize;
  count = std::min({count, room, kMostSections});

  const auto headerAt = [&](std::uint64_t i, Elf64_Shdr& out) {
    return readAt(bytes, header.e_shoff + i * header.e_shentsize, out);
  };
  std::span<const std::byte> names;
  if (Elf64_Shdr raw{}; namesIndex < count && headerAt(namesIndex, raw)) {
    names = clamp(bytes, raw.sh_offset, raw.sh_size);
  }
  sections.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    Elf64_Shdr raw{};
    if (!headerAt(i, raw)) break;
    ElfSection& section = sections.emplace_back();
    section.name = stringAt(names, raw.sh_name);
    section.type = raw.sh_type;
    section.flags = raw.sh_flags;
    section.address = raw.sh_addr;
    section.size = raw.sh_size;
    if (raw.sh_type != SHT_NOBITS) section.bytes = clamp(bytes, raw.sh_offset, raw.sh_size);
  }
}

Result<void> ElfFile::Impl::parse() {
  if (auto done = checkHeader(); !done) return done;
  if (auto done = readSegments(); !done) return done;
  if (header.e_type != ET_CORE) readSections();
  return {};
}

ElfFile::ElfFile() : impl_(std::make_unique<Impl>()) {}
ElfFile::~ElfFile() = default;

Result<std::shared_ptr<const ElfFile>> ElfFile::open(const std::string& path,
                                                     const std::string& shownAs,
                                                     Observer* observer) {
  const std::string& shown = shownAs.empty() ? path : shownAs;
  auto file = MappedFile::open(path, shown, observer);
  if (!file) return tl::unexpected(file.error());
  std::shared_ptr<ElfFile> elf(new ElfFile);
  elf->impl_->path = shown;
  elf->impl_->file = *file;
  elf->impl_->bytes = (*file)->bytes();
  elf->impl_->truncated = (*file)->cutShort();
  if (auto done = elf->impl_->parse(); !done) return tl::unexpected(done.error());
  return elf;
}

Result<std::shared_ptr<const ElfFile>> ElfFile::fromBytes(std::span<const std::byte> bytes,
                                                          std::string name) {
  std::shared_ptr<ElfFile> elf(new ElfFile);
  elf->impl_->path = std::move(name);
  elf->impl_->bytes = bytes;
  if (auto done = elf->impl_->parse(); !done) return tl::unexpected(done.error());
  return elf;
}

const std::string& ElfFile::path() const { return impl_->path; }
bool ElfFile::isCore() const { return impl_->header.e_type == ET_CORE; }
bool ElfFile::isPositionIndependent() const { return impl_->header.e_type == ET_DYN; }
const Architecture& ElfFile::arch() const { return *impl_->arch; }
Addr ElfFile::entry() const { return impl_->header.e_entry; }
bool ElfFile::truncated() const { return impl_->truncated; }
bool ElfFile::claimsTooMuch() const { return impl_->claimsTooMuch; }
std::string ElfFile::changed() const {
  return impl_->file == nullptr ? std::string() : impl_->file->changed();
}
std::span<const std::byte> ElfFile::fileBytes() const { return impl_->bytes; }
std::span<const ElfSegment> ElfFile::segments() const { return impl_->segments; }
std::span<const ElfSection> ElfFile::sections() const { return impl_->sections; }

const ElfSection* ElfFile::section(std::string_view name) const {
  for (const ElfSection& section : impl_->sections) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

// Damaged headers may all claim the same bytes: together they hold no more than the file does.
std::vector<ElfNote> ElfFile::notes() const {
  std::vector<ElfNote> all;
  std::size_t left = impl_->bytes.size();
  for (const ElfSegment& segment : impl_->segments) {
    if (segment.type != PT_NOTE || segment.bytes.size() > left) continue;
    left -= segment.bytes.size();
    const auto notes = parseNotes(segment.bytes, segment.alignment);
    all.insert(all.end(), notes.begin(), notes.end());
  }
  return all.empty() ? sectionNotes() : all;
}

std::vector<ElfNote> ElfFile::sectionNotes() const {
  std::vector<ElfNote> all;
  std::size_t left = impl_->bytes.size();
  for (const ElfSection& section : impl_->sections) {
    if (section.type != SHT_NOTE || section.bytes.size() > left) continue;
    left -= section.bytes.size();
    const auto notes = parseNotes(section.bytes);
    all.insert(all.end(), notes.begin(), notes.end());
  }
  return all;
}

std::string ElfFile::goBuildId() const {
  if (auto id = goBuildIdOf(notes()); !id.empty()) return id;
  return goBuildIdOf(sectionNotes());
}

// Go's own linker puts the GNU note into a section, but not into the PT_NOTE segment (1.24 … 1.27).
std::string ElfFile::gnuBuildId() const {
  if (auto id = gnuBuildIdOf(notes()); !id.empty()) return id;
  return gnuBuildIdOf(sectionNotes());
}

std::vector<ElfNote> parseNotes(std::span<const std::byte> bytes, std::uint64_t alignment) {
  const std::uint64_t mask = (alignment == 8 ? 8 : 4) - 1;
  std::vector<ElfNote> notes;
  std::uint64_t at = 0;
  Elf64_Nhdr header{};
  while (readAt(bytes, at, header)) {
    // The sizes are 32-bit and the arithmetic 64-bit: nothing here wraps.
    const std::uint64_t nameAt = at + sizeof header;
    const std::uint64_t descriptionAt = (nameAt + header.n_namesz + mask) & ~mask;
    const std::uint64_t end = descriptionAt + header.n_descsz;
    if (end > bytes.size()) break;
    ElfNote& note = notes.emplace_back();
    note.name = stringAt(bytes.subspan(nameAt, header.n_namesz), 0);
    note.type = header.n_type;
    note.description = bytes.subspan(descriptionAt, header.n_descsz);
    at = (end + mask) & ~mask;
  }
  return notes;
}

std::string goBuildIdOf(std::span<const ElfNote> notes) {
  for (const ElfNote& note : notes) {
    if (note.name == "Go" && note.type == kGoBuildIdNote) {
      return std::string(stringAt(note.description, 0));
    }
  }
  return {};
}

std::string gnuBuildIdOf(std::span<const ElfNote> notes) {
  for (const ElfNote& note : notes) {
    if (note.name != ELF_NOTE_GNU || note.type != NT_GNU_BUILD_ID) continue;
    std::string hex;
    for (const std::byte byte : note.description) {
      fmt::format_to(std::back_inserter(hex), "{:02x}", std::to_integer<unsigned>(byte));
    }
    return hex;
  }
  return {};
}

}  // namespace parked::target
