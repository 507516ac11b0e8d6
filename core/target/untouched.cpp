#include "target/untouched.h"

#include <algorithm>
#include <elf.h>
#include <sys/mman.h>

namespace parked::target {
namespace {

constexpr std::uint64_t kMostBss = 1ULL << 30;  // of one file

constexpr Addr pageAfter(Addr address) { return (address + kPage - 1) / kPage * kPage; }

bool isWritable(const ElfSegment& segment) {
  return segment.type == PT_LOAD && (segment.flags & PF_W) != 0;
}

bool isWhole(const ElfSegment& segment) {
  return segment.fileSize > 0 && segment.fileSize == segment.memorySize &&
         segment.bytes.size() == segment.fileSize;
}

/// Memory that belongs to no file was dumped.
bool dumpsPrivateMemory(const ElfFile& core, const std::vector<Mapping>& mappings) {
  return std::ranges::any_of(core.segments(), [&](const ElfSegment& segment) {
    return isWritable(segment) && isWhole(segment) &&
           std::ranges::none_of(mappings, [&](const Mapping& mapping) {
             return mapping.start < segment.address + segment.memorySize &&
                    segment.address < mapping.end;
           });
  });
}

/// The core's segment that covers an address.
const ElfSegment* covering(const ElfFile& core, Addr address) {
  const auto found = std::ranges::find_if(core.segments(), [address](const ElfSegment& segment) {
    return segment.type == PT_LOAD && address - segment.address < segment.memorySize &&
           address >= segment.address;
  });
  return found == core.segments().end() ? nullptr : &*found;
}

}  // namespace

ZeroPages::~ZeroPages() {
  if (start_ != nullptr) munmap(start_, size_);
}

const std::byte* ZeroPages::make(std::size_t size) {
  if (size == 0 || start_ != nullptr) return nullptr;
  void* at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  start_ = at;
  size_ = size;
  return static_cast<const std::byte*>(at);
}

std::vector<Range> untouchedVariables(const ElfFile& core, const std::vector<Mapping>& mappings,
                                      const ElfFile& file, std::uint64_t bias) {
  std::vector<Range> untouched;
  if (core.truncated()) return untouched;
  for (const ElfSegment& segment : file.segments()) {
    if (!isWritable(segment) || segment.memorySize <= segment.fileSize ||
        segment.memorySize > kMostBss) {
      continue;
    }
    const Addr start = segment.address + bias;
    const Addr from = pageAfter(start + segment.fileSize);
    const Addr to = pageAfter(start + segment.memorySize);
    const ElfSegment* before = covering(core, from - 1);
    const ElfSegment* left = from < to ? covering(core, from) : nullptr;
    if (before == nullptr || left == nullptr || !isWritable(*before) || !isWhole(*before) ||
        !isWritable(*left) || left->fileSize != 0) {
      continue;
    }
    if (!dumpsPrivateMemory(core, mappings)) return {};
    untouched.push_back({from, std::min(to, left->address + left->memorySize)});
  }
  return untouched;
}

}  // namespace parked::target
