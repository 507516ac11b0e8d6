#include "target/core_segments.h"

#include <algorithm>
#include <elf.h>
#include <utility>

namespace parked::target {
namespace {

std::vector<Range> claimedTwice(const std::vector<const ElfSegment*>& segments) {
  std::vector<Range> twice;
  Addr end = 0;
  for (const ElfSegment* segment : segments) {
    const Addr own = segment->address + segment->bytes.size();
    if (own <= segment->address) continue;  // empty, or wraps
    if (segment->address < end) twice.push_back({segment->address, std::min(end, own)});
    end = std::max(end, own);
  }
  return joined(std::move(twice));
}

/// Adds the segment but for the ranges, which are sorted.
void addWithout(AddressSpace& memory, const ElfSegment& segment, const std::vector<Range>& left) {
  const Addr end = segment.address + segment.bytes.size();
  auto next = std::ranges::upper_bound(left, segment.address, {}, &Range::end);
  for (Addr at = segment.address; at < end;) {
    const bool inside = next != left.end() && next->start <= at;
    const Addr stop = next == left.end() ? end : std::min(end, inside ? next->end : next->start);
    if (!inside) {
      Region region;
      region.start = at;
      region.end = stop;
      region.mapped = segment.bytes.data() + (at - segment.address);
      region.writable = (segment.flags & PF_W) != 0;
      region.executable = (segment.flags & PF_X) != 0;
      memory.add(region);
    } else {
      ++next;
    }
    at = stop;
  }
}

}  // namespace

std::vector<Range> addCoreSegments(AddressSpace& memory,
                                   const std::vector<const ElfSegment*>& segments) {
  std::vector<Range> twice = claimedTwice(segments);
  for (const ElfSegment* segment : segments) addWithout(memory, *segment, twice);
  return twice;
}

}  // namespace parked::target
