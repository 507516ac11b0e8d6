#include "target/go_files.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <string_view>
#include <unordered_set>

#include "target/overlay.h"

namespace parked::target {
namespace {

constexpr std::string_view kMagic = "\xff Go buildinf:";
constexpr std::size_t kAlignment = 16;
constexpr std::size_t kMostFiles = 1 << 16;
constexpr std::size_t kMostSearched = 256 << 20;     // bytes of variables
constexpr std::string_view kDeleted = " (deleted)";  // d_path() of an unlinked file

bool startsWithMagic(std::span<const std::byte> bytes) {
  return bytes.size() >= kMagic.size() &&
         std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

std::span<const std::byte> searchMagic(std::span<const std::byte> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += kAlignment) {
    if (startsWithMagic(bytes.subspan(at))) return bytes.subspan(at);
  }
  return {};
}

/// Whether an ELF file starts at `header`; where the page is not there, it may.
bool mayBeElf(AddressSpace& memory, Addr header) {
  if (!memory.covers(header, SELFMAG)) return true;
  const auto start = memory.bytes(header, SELFMAG);
  return start.empty() || std::memcmp(start.data(), ELFMAG, SELFMAG) == 0;
}

/// Whether the file's variables lie where they would if it were loaded at `bias`: a file that is
/// only looked at, as data, has them nowhere. Where they are missing, they may.
bool mayBeLoaded(const AddressSpace& memory, const ElfFile& file, std::uint64_t bias) {
  for (const ElfSegment& segment : file.segments()) {
    if (segment.type != PT_LOAD || (segment.flags & PF_W) == 0 || segment.memorySize == 0) continue;
    const Region* region = memory.region(segment.address + bias + segment.memorySize - 1);
    return region == nullptr || region->writable;
  }
  return false;
}

/// Built with -buildmode=plugin: its code runs in the Go runtime of the program that opened it. A
/// plugin of Go 1.18 has a build id, and no information about its build.
bool isPlugin(std::span<const std::byte> buildInfo) {
  constexpr std::size_t kMostText = 1 << 20;
  if (buildInfo.empty()) return true;
  const std::string_view text(reinterpret_cast<const char*>(buildInfo.data()),
                              std::min(buildInfo.size(), kMostText));
  return text.find("\nbuild\t-buildmode=plugin\n") != std::string_view::npos;
}

bool isLibrary(const ElfFile& file) {
  return file.isPositionIndependent() &&
         std::ranges::none_of(file.segments(),
                              [](const ElfSegment& each) { return each.type == PT_INTERP; });
}

/// Searches memory for Go's build information, of a file that is not here.
class MemorySearch {
 public:
  MemorySearch(AddressSpace& memory, const std::vector<Mapping>& mappings)
      : memory_(memory), mappings_(mappings) {}

  /// Among the variables of the file that is mapped from mapping number `first` on: its parts lie
  /// one behind the other.
  std::span<const std::byte> find(std::size_t first) {
    for (std::size_t i = first; i < mappings_.size(); ++i) {
      const Mapping& mapping = mappings_[i];
      if (mapping.path != mappings_[first].path) break;
      for (Addr at = mapping.start; at < mapping.end && left_ > 0;) {
        const Region* region = memory_.region(at);
        if (region == nullptr || !region->writable) break;
        const auto bytes = memory_.bytesUpTo(at, std::min<std::uint64_t>(mapping.end - at, left_));
        if (bytes.empty()) break;
        if (const auto found = searchMagic(bytes); !found.empty()) return found;
        left_ -= bytes.size();
        at += bytes.size();
      }
    }
    return {};
  }

 private:
  AddressSpace& memory_;
  const std::vector<Mapping>& mappings_;
  std::size_t left_ = kMostSearched;
};

}  // namespace

std::span<const std::byte> goBuildInfo(const ElfFile& file) {
  if (const ElfSection* section = file.section(".go.buildinfo");
      section != nullptr && startsWithMagic(section->bytes)) {
    return section->bytes;
  }
  for (const ElfSegment& segment : file.segments()) {
    if (segment.type != PT_LOAD || (segment.flags & PF_W) == 0) continue;
    if (const auto found = searchMagic(segment.bytes); !found.empty()) return found;
  }
  return {};
}

std::optional<GoFile> asGoFile(std::string path, std::shared_ptr<const ElfFile> file,
                               std::uint64_t bias) {
  const auto info = goBuildInfo(*file);
  const bool isGo = !info.empty() || (isLibrary(*file) && !file->goBuildId().empty());
  if (file->isCore() || !isGo) return std::nullopt;
  const bool plugin = isPlugin(info);
  return GoFile{std::move(path), std::move(file), bias, plugin, {}};
}

GoFiles findGoFiles(AddressSpace& memory, const std::vector<Mapping>& mappings, Addr program,
                    const std::string& what, const OpenMapped& open) {
  GoFiles files;
  // A process may have mapped thousands of files of data.
  std::unordered_set<std::string_view> code;
  for (const Mapping& mapping : mappings) {
    if (mapping.executable) code.insert(mapping.path);
  }
  std::unordered_set<std::string> seen;
  MemorySearch search(memory, mappings);
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const Mapping& mapping = mappings[i];
    if (mapping.fileOffset != 0 || mapping.start == program || !code.contains(mapping.path) ||
        seen.size() >= kMostFiles) {
      continue;
    }
    if (!mayBeElf(memory, mapping.start) || !seen.insert(mapping.path).second) continue;
    GoFile found;
    found.path = withoutDeleted(mapping.path);
    const auto file = open(mapping);
    if (!file) {
      const auto info = search.find(i);
      const bool isGo =
          !info.empty() || (program != 0 && !buildIdsInMemory(memory, mapping.start).go.empty());
      if (!isGo && file.error().code == ErrorCode::notFound) files.unknown.push_back(found.path);
      if (!isGo) continue;
      found.plugin = isPlugin(info);
      found.problem = file.error().message;
    } else {
      auto loaded = asGoFile(found.path, *file, mapping.start - linkBase(**file));
      if (!loaded || !mayBeLoaded(memory, **file, loaded->bias)) continue;
      found = std::move(*loaded);
      if (auto same = checkProgram(memory, **file, found.bias, what); !same) {
        found.problem = same.error().message;
        found.file = nullptr;
      }
    }
    files.found.push_back(std::move(found));
  }
  return files;
}

bool namesFile(const std::string& name, const std::string& path) {
  return name == path || name == baseNameOf(path);
}

std::string baseNameOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string withoutDeleted(std::string path) {
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

}  // namespace parked::target
