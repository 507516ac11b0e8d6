#include "target/elf_file.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>

#include "target/build_id.h"
#include "target/mapped_file.h"

namespace parked::target {
namespace {

// More than any core of a real process has; a header that claims more is damaged.
constexpr std::uint64_t kMaxHeaders = 1U << 22;

template <class T>
bool readAt(std::span<const std::byte> bytes, std::uint64_t offset, T& out) {
  if (offset > bytes.size() || sizeof(T) > bytes.size() - offset) return false;
  std::memcpy(&out, bytes.data() + offset, sizeof(T));
  return true;
}

// What the file holds of [offset, offset+size).
std::span<const std::byte> clamp(std::span<const std::byte> bytes, std::uint64_t offset,
                                 std::uint64_t size) {
  if (offset >= bytes.size()) return {};
  return bytes.subspan(offset, std::min<std::uint64_t>(size, bytes.size() - offset));
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte b : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(b));
  return text;
}

}  // namespace

struct ElfFile::Impl {
  std::string path;
  MappedFile file;
  std::span<const std::byte> bytes;
  Elf64_Ehdr header{};
  bool truncated = false;
  std::vector<ElfSegment> segments;
  std::vector<ElfSection> sections;

  Result<void> parse();
  void parseSections(std::uint64_t count, std::uint64_t nameIndex);
};

Result<void> ElfFile::Impl::parse() {
  if (bytes.empty()) return fail(ErrorCode::badFormat, fmt::format("{} is empty", path));
  if (bytes.size() < EI_NIDENT || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) {
    return fail(ErrorCode::badFormat, fmt::format("{} is not an ELF file", path));
  }
  const auto ident = [&](int i) { return static_cast<unsigned char>(bytes[i]); };
  if (ident(EI_CLASS) != ELFCLASS64 || ident(EI_DATA) != ELFDATA2LSB) {
    return fail(ErrorCode::unsupported,
                fmt::format("{} is not a 64-bit little-endian ELF file", path));
  }
  if (!readAt(bytes, 0, header)) {
    return fail(ErrorCode::badFormat, fmt::format("{} is cut off in its ELF header", path));
  }
  if (header.e_machine != EM_X86_64 && header.e_machine != EM_AARCH64) {
    return fail(
        ErrorCode::unsupported,
        fmt::format("{} is for machine {}; amd64 and arm64 are read", path, header.e_machine));
  }
  // Counts too large for the header stand in section 0 (PN_XNUM; common in large cores).
  std::uint64_t segmentCount = header.e_phnum;
  std::uint64_t sectionCount = header.e_shnum;
  std::uint64_t nameIndex = header.e_shstrndx;
  Elf64_Shdr zero{};
  if (header.e_shoff != 0 && readAt(bytes, header.e_shoff, zero)) {
    if (segmentCount == PN_XNUM) segmentCount = zero.sh_info;
    if (sectionCount == 0) sectionCount = zero.sh_size;
    if (nameIndex == SHN_XINDEX) nameIndex = zero.sh_link;
  }
  if (segmentCount > kMaxHeaders || sectionCount > kMaxHeaders) {
    return fail(ErrorCode::badFormat, fmt::format("{} has a damaged ELF header", path));
  }
  if (segmentCount != 0 && header.e_phentsize != sizeof(Elf64_Phdr)) {
    return fail(ErrorCode::badFormat, fmt::format("{} has a damaged ELF header", path));
  }
  for (std::uint64_t i = 0; i < segmentCount; ++i) {
    Elf64_Phdr ph{};
    if (header.e_phoff > bytes.size() || !readAt(bytes, header.e_phoff + i * sizeof ph, ph)) {
      truncated = true;
      break;
    }
    ElfSegment segment;
    segment.type = ph.p_type;
    segment.flags = ph.p_flags;
    segment.fileOffset = ph.p_offset;
    segment.address = ph.p_vaddr;
    segment.fileSize = ph.p_filesz;
    segment.memorySize = ph.p_memsz;
    segment.bytes = clamp(bytes, ph.p_offset, ph.p_filesz);
    if (segment.bytes.size() < segment.fileSize) truncated = true;
    segments.push_back(segment);
  }
  parseSections(sectionCount, nameIndex);
  return {};
}

void ElfFile::Impl::parseSections(std::uint64_t count, std::uint64_t nameIndex) {
  if (header.e_shoff == 0 || header.e_shentsize != sizeof(Elf64_Shdr)) return;
  const auto at = [&](std::uint64_t i, Elf64_Shdr& sh) {
    return header.e_shoff <= bytes.size() && readAt(bytes, header.e_shoff + i * sizeof sh, sh);
  };
  std::span<const std::byte> names;
  Elf64_Shdr sh{};
  if (nameIndex < count && at(nameIndex, sh)) names = clamp(bytes, sh.sh_offset, sh.sh_size);
  for (std::uint64_t i = 0; i < count && at(i, sh); ++i) {
    ElfSection section;
    if (sh.sh_name < names.size()) {
      const auto* text = reinterpret_cast<const char*>(names.data()) + sh.sh_name;
      section.name.assign(text, strnlen(text, names.size() - sh.sh_name));
    }
    section.type = sh.sh_type;
    section.flags = sh.sh_flags;
    section.address = sh.sh_addr;
    section.size = sh.sh_size;
    if (sh.sh_type != SHT_NOBITS && sh.sh_type != SHT_NULL) {
      section.bytes = clamp(bytes, sh.sh_offset, sh.sh_size);
    }
    sections.push_back(std::move(section));
  }
}

ElfFile::ElfFile() : impl_(std::make_unique<Impl>()) {}
ElfFile::~ElfFile() = default;

Result<std::shared_ptr<const ElfFile>> ElfFile::open(const std::string& path,
                                                     const std::string& shownAs) {
  auto file = MappedFile::open(path);
  if (!file) return tl::unexpected(file.error());
  std::shared_ptr<ElfFile> elf(new ElfFile);
  elf->impl_->path = shownAs.empty() ? path : shownAs;
  elf->impl_->file = std::move(*file);
  elf->impl_->bytes = elf->impl_->file.bytes();
  if (auto parsed = elf->impl_->parse(); !parsed) return tl::unexpected(parsed.error());
  return elf;
}

Result<std::shared_ptr<const ElfFile>> ElfFile::fromBytes(std::span<const std::byte> bytes,
                                                          std::string name) {
  std::shared_ptr<ElfFile> elf(new ElfFile);
  elf->impl_->path = std::move(name);
  elf->impl_->bytes = bytes;
  if (auto parsed = elf->impl_->parse(); !parsed) return tl::unexpected(parsed.error());
  return elf;
}

const std::string& ElfFile::path() const { return impl_->path; }
bool ElfFile::isCore() const { return impl_->header.e_type == ET_CORE; }
bool ElfFile::isPositionIndependent() const { return impl_->header.e_type == ET_DYN; }
Arch ElfFile::arch() const {
  return impl_->header.e_machine == EM_AARCH64 ? Arch::arm64 : Arch::amd64;
}
Addr ElfFile::entry() const { return impl_->header.e_entry; }
bool ElfFile::truncated() const { return impl_->truncated; }
std::span<const std::byte> ElfFile::fileBytes() const { return impl_->bytes; }
std::span<const ElfSegment> ElfFile::segments() const { return impl_->segments; }
std::span<const ElfSection> ElfFile::sections() const { return impl_->sections; }

const ElfSection* ElfFile::section(std::string_view name) const {
  const auto it = std::find_if(impl_->sections.begin(), impl_->sections.end(),
                               [&](const ElfSection& s) { return s.name == name; });
  return it == impl_->sections.end() ? nullptr : &*it;
}

std::vector<ElfNote> parseNotes(std::span<const std::byte> bytes) {
  std::vector<ElfNote> notes;
  const auto padded = [](std::uint64_t n) { return (n + 3) & ~std::uint64_t{3}; };
  for (std::uint64_t at = 0;;) {
    Elf64_Nhdr nhdr{};
    if (!readAt(bytes, at, nhdr)) break;
    const std::uint64_t name = at + sizeof nhdr;
    const std::uint64_t description = name + padded(nhdr.n_namesz);
    const std::uint64_t end = description + nhdr.n_descsz;
    if (end > bytes.size()) break;
    ElfNote note;
    const auto* text = reinterpret_cast<const char*>(bytes.data()) + name;
    note.name = std::string_view(text, strnlen(text, nhdr.n_namesz));
    note.type = nhdr.n_type;
    note.description = bytes.subspan(description, nhdr.n_descsz);
    notes.push_back(note);
    at = padded(end);
  }
  return notes;
}

std::vector<ElfNote> ElfFile::notes() const {
  std::vector<ElfNote> notes;
  for (const ElfSegment& segment : impl_->segments) {
    if (segment.type != PT_NOTE) continue;
    for (const ElfNote& note : parseNotes(segment.bytes)) notes.push_back(note);
  }
  if (!notes.empty()) return notes;
  for (const ElfSection& section : impl_->sections) {
    if (section.type != SHT_NOTE) continue;
    for (const ElfNote& note : parseNotes(section.bytes)) notes.push_back(note);
  }
  return notes;
}

std::string goBuildIdOf(std::span<const ElfNote> notes) {
  constexpr std::uint32_t kGoBuildId = 4;  // cmd/internal/buildid: elfGoBuildIDTag
  for (const ElfNote& note : notes) {
    if (note.name == "Go" && note.type == kGoBuildId) {
      return {reinterpret_cast<const char*>(note.description.data()), note.description.size()};
    }
  }
  return {};
}

std::string gnuBuildIdOf(std::span<const ElfNote> notes) {
  for (const ElfNote& note : notes) {
    if (note.name == "GNU" && note.type == NT_GNU_BUILD_ID) return hex(note.description);
  }
  return {};
}

std::string ElfFile::goBuildId() const { return goBuildIdOf(notes()); }
std::string ElfFile::gnuBuildId() const { return gnuBuildIdOf(notes()); }

}  // namespace parked::target
