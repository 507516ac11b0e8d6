#include "target/overlay.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>
#include <vector>

#include "target/build_id.h"
#include "target/printable.h"

namespace parked::target {
namespace {

constexpr std::uint64_t kLongestNotes = 1 << 16;  // of one program, in bytes
constexpr std::uint64_t kGnuNote = 12 + 4 + 20;   // header, "GNU", a SHA-1

// .go.buildinfo (cmd/link/internal/ld/data.go, buildinfo): magic, pointer size and flags in the
// first 16 bytes, which are followed by 16 unused ones and the version and module strings.
constexpr std::uint64_t kBuildInfoStrings = 32;

/// The bytes at `address` if all of them are there. Asks first: a hole here is no incomplete read.
std::span<const std::byte> bytesIfThere(AddressSpace& memory, Addr address, std::uint64_t size) {
  const Region* region = memory.region(address);
  if (region == nullptr || size > region->end - address) return {};
  return memory.bytes(address, size);
}

Result<void> compareBuildInfo(AddressSpace& memory, const ElfFile& executable, std::uint64_t bias,
                              const std::string& what) {
  const ElfSection* section = executable.section(".go.buildinfo");
  if (memory.standIns()) return {};  // a redacted dump does not have it
  if (section == nullptr || section->bytes.size() <= kBuildInfoStrings) return {};
  const auto inFile = section->bytes.subspan(kBuildInfoStrings);
  const auto inMemory =
      bytesIfThere(memory, section->address + bias + kBuildInfoStrings, inFile.size());
  if (inMemory.empty() || std::equal(inFile.begin(), inFile.end(), inMemory.begin())) return {};
  return fail(ErrorCode::mismatch,
              fmt::format("{} is not the program of {}: Go's build information differs (--force "
                          "goes on all the same)",
                          printable(executable.path()), printable(what)));
}

}  // namespace

BuildIds buildIdsInMemory(AddressSpace& memory, Addr header) {
  BuildIds ids;
  const auto start = bytesIfThere(memory, header, sizeof(Elf64_Ehdr));
  if (start.empty() || std::memcmp(start.data(), ELFMAG, SELFMAG) != 0) return ids;
  Elf64_Ehdr ehdr{};
  std::memcpy(&ehdr, start.data(), sizeof ehdr);
  if (ehdr.e_phentsize != sizeof(Elf64_Phdr)) return ids;
  const auto table =
      bytesIfThere(memory, header + ehdr.e_phoff, std::uint64_t{ehdr.e_phnum} * sizeof(Elf64_Phdr));
  std::vector<Elf64_Phdr> headers(table.size() / sizeof(Elf64_Phdr));
  if (!headers.empty()) std::memcpy(headers.data(), table.data(), table.size());
  Addr base = ~Addr{0};
  for (const Elf64_Phdr& ph : headers) {
    if (ph.p_type == PT_LOAD) base = std::min(base, ph.p_vaddr / kPage * kPage);
  }
  if (base == ~Addr{0}) return ids;
  std::uint64_t left = kLongestNotes;
  for (const Elf64_Phdr& ph : headers) {
    if (ph.p_type != PT_NOTE || ph.p_filesz > left) continue;
    left -= ph.p_filesz;
    const Addr at = header + (ph.p_vaddr - base);
    const auto found = parseNotes(bytesIfThere(memory, at, ph.p_filesz), ph.p_align);
    if (ids.go.empty()) ids.go = goBuildIdOf(found);
    if (ids.gnu.empty()) ids.gnu = gnuBuildIdOf(found);
    // Go's own linker puts the GNU note behind its own, but not into the segment (1.24 to 1.27).
    const Addr behind = (at + ph.p_filesz + 3) / 4 * 4;
    if (ids.gnu.empty() && !ids.go.empty()) {
      ids.gnu = gnuBuildIdOf(parseNotes(bytesIfThere(memory, behind, kGnuNote)));
    }
  }
  return ids;
}

Result<void> checkProgram(AddressSpace& memory, const ElfFile& executable, std::uint64_t bias,
                          const std::string& what) {
  const BuildIds ids = buildIdsInMemory(memory, linkBase(executable) + bias);
  const auto compare = [&](const std::string& theirs, const std::string& ours,
                           std::string_view kind) -> Result<void> {
    if (ours == theirs) return {};
    return fail(ErrorCode::mismatch,
                fmt::format("{} is not the program of {}: {} build id {} there, {} in the file "
                            "(--force goes on all the same)",
                            printable(executable.path()), printable(what), kind, printable(theirs),
                            printable(ours)));
  };
  const std::string go = executable.goBuildId();
  if (!ids.go.empty() && !go.empty()) return compare(ids.go, go, "Go");
  const std::string gnu = executable.gnuBuildId();
  if (!ids.gnu.empty() && !gnu.empty()) return compare(ids.gnu, gnu, "GNU");
  return compareBuildInfo(memory, executable, bias, what);
}

std::optional<std::uint64_t> findBias(AddressSpace& memory, const ElfFile& executable) {
  const std::string go = executable.goBuildId();
  const std::string gnu = executable.gnuBuildId();
  for (const Region& region : memory.regions()) {
    const BuildIds ids = buildIdsInMemory(memory, region.start);
    if ((!go.empty() && ids.go == go) || (!gnu.empty() && ids.gnu == gnu)) {
      return region.start - linkBase(executable);
    }
  }
  return std::nullopt;
}

void overlayExecutable(AddressSpace& memory, const ElfFile& executable, std::uint64_t bias) {
  for (const ElfSegment& segment : executable.segments()) {
    if (segment.type != PT_LOAD || segment.bytes.empty() || (segment.flags & PF_W) != 0) continue;
    Region region;
    region.start = segment.address + bias;
    region.end = region.start + segment.bytes.size();
    region.mapped = segment.bytes.data();
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
