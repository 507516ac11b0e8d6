#include "target/overlay.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>

#include "target/build_id.h"

namespace parked::target {
namespace {
constexpr Addr kPage = 4096;
}

BuildIds buildIdsInMemory(AddressSpace& memory, Addr header) {
  BuildIds ids;
  Elf64_Ehdr ehdr{};
  if (!memory.contains(header) || !memory.read(header, ehdr) ||
      std::memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0 || ehdr.e_phentsize != sizeof(Elf64_Phdr)) {
    return ids;
  }
  Addr base = ~Addr{0};
  std::vector<Elf64_Phdr> notes;
  for (unsigned i = 0; i < ehdr.e_phnum; ++i) {
    Elf64_Phdr ph{};
    const Addr at = header + ehdr.e_phoff + i * sizeof ph;
    if (!memory.contains(at) || !memory.read(at, ph)) break;
    if (ph.p_type == PT_LOAD) base = std::min(base, ph.p_vaddr / kPage * kPage);
    if (ph.p_type == PT_NOTE) notes.push_back(ph);
  }
  if (base == ~Addr{0}) return ids;
  for (const Elf64_Phdr& ph : notes) {
    const Addr at = header + (ph.p_vaddr - base);
    if (ph.p_filesz > kPage || !memory.contains(at)) continue;
    const auto found = parseNotes(memory.bytesUpTo(at, ph.p_filesz));
    if (ids.go.empty()) ids.go = goBuildIdOf(found);
    if (ids.gnu.empty()) ids.gnu = gnuBuildIdOf(found);
  }
  return ids;
}

Result<void> checkBuildId(const BuildIds& target, const ElfFile& executable) {
  const auto compare = [&](const std::string& ours, const std::string& theirs,
                           std::string_view kind) -> Result<void> {
    if (ours == theirs) return {};
    return fail(
        ErrorCode::mismatch,
        fmt::format("{} is not the program of this core: {} build id {} in the core, {} in the "
                    "file (--force goes on all the same)",
                    executable.path(), kind, ours, theirs));
  };
  const std::string go = executable.goBuildId();
  if (!target.go.empty() && !go.empty()) return compare(target.go, go, "Go");
  const std::string gnu = executable.gnuBuildId();
  if (!target.gnu.empty() && !gnu.empty()) return compare(target.gnu, gnu, "GNU");
  return {};
}

void overlayExecutable(AddressSpace& memory, const ElfFile& executable, std::uint64_t bias,
                       bool writable) {
  for (const ElfSegment& segment : executable.segments()) {
    if (segment.type != PT_LOAD || segment.bytes.empty()) continue;
    const bool isWritable = (segment.flags & PF_W) != 0;
    if (isWritable && !writable) continue;
    Region region;
    region.start = segment.address + bias;
    region.end = region.start + segment.bytes.size();
    region.mapped = segment.bytes.data();
    region.writable = isWritable;
    region.executable = (segment.flags & PF_X) != 0;
    region.fromExecutable = true;
    memory.add(region);
  }
}

Addr linkBase(const ElfFile& executable) {
  Addr base = ~Addr{0};
  for (const ElfSegment& segment : executable.segments()) {
    if (segment.type == PT_LOAD) base = std::min(base, segment.address / kPage * kPage);
  }
  return base == ~Addr{0} ? 0 : base;
}

}  // namespace parked::target
