#include "target/core_head.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <span>
#include <utility>

#include "target/core_notes.h"
#include "target/dump_notes.h"
#include "target/elf_file.h"
#include "target/proc.h"

namespace parked::target {

std::uint64_t headSize(std::span<const std::byte> start) {
  Elf64_Ehdr header{};
  const auto magic = std::as_bytes(std::span(ELFMAG, SELFMAG));
  const std::size_t known = std::min(start.size(), magic.size());
  if (!std::ranges::equal(start.first(known), magic.first(known))) return 0;
  if (start.size() < sizeof header) return sizeof header;
  std::memcpy(&header, start.data(), sizeof header);
  // What does not fit the field stands at the end, behind all memory.
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_type != ET_CORE || header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
      header.e_phnum == PN_XNUM || header.e_phoff > kMostHead) {
    return 0;
  }
  std::uint64_t end = header.e_phoff + std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  if (start.size() < end) return end;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    std::memcpy(&segment, start.data() + header.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_type != PT_NOTE) continue;
    if (segment.p_offset > kMostHead || segment.p_filesz > kMostHead) return 0;
    end = std::max(end, segment.p_offset + segment.p_filesz);
  }
  return end <= kMostHead ? end : 0;
}

Result<DyingProcess> readHead(std::span<const std::byte> head) {
  const auto core = ElfFile::fromBytes(head, "the core");
  if (!core) return tl::unexpected(core.error());
  if (!(*core)->isCore()) return fail(ErrorCode::badFormat, "it is not a core file");
  const std::vector<ElfNote> notes = (*core)->notes();
  CoreNotes read = readCoreNotes(notes, (*core)->arch());
  if (read.threads.empty()) return fail(ErrorCode::badFormat, "it has no thread notes");
  return DyingProcess{read.pid, std::move(read.threads), otherNotes(notes)};
}

bool isDumpingCore(std::int32_t pid) { return readStatus(pid, "CoreDumping") == "1"; }

}  // namespace parked::target
