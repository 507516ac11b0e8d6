#include "heap/needed.h"

#include <algorithm>
#include <cstring>

#include "heap/heap.h"
#include "image/layout.h"

namespace parked::heap {

namespace {

using image::Field;
using target::Range;

constexpr std::uint64_t kMaxSpans = 1 << 28;
constexpr std::uint64_t kArenas = 1 << 22;  // of a 48-bit address space
constexpr Addr kHighest = kArenas * kArenaSize;
constexpr std::uint64_t kFirstPage = 4096;             // of an object
constexpr std::uint8_t kInUse = 1, kManual = 2;        // runtime.mSpanInUse, mSpanManual
constexpr std::uint8_t kNoScan = 1;                    // lowest bit of mspan.spanclass
constexpr std::uint64_t kAmd64ArenaBase = 1ULL << 47;  // runtime.arenaBaseOffset

struct Layout {
  std::uint32_t spanSize = 0, allSpans = 0, arenas = 0;
  Field<Addr> start;
  Field<std::uint64_t> pages, elementSize;
  Field<std::uint8_t> state, spanClass;
  Addr mheap = 0;
};

Result<Layout> bind(image::Image& image) {
  Layout layout;
  std::vector<std::string> missing;
  image::Binder span(image.layouts(), "runtime.mspan", missing);
  layout.spanSize = span.size();
  span.required(layout.start, "startAddr");
  span.required(layout.pages, "npages");
  span.required(layout.elementSize, "elemsize");
  span.required(layout.state, "state");
  span.required(layout.spanClass, "spanclass");
  image::Binder mheap(image.layouts(), "runtime.mheap", missing);
  layout.allSpans = mheap.offsetOf("allspans", true);
  layout.arenas = mheap.offsetOf("arenas", true);
  const auto symbol = image.symbol("runtime.mheap_");
  if (!missing.empty() || !symbol) {
    return fail(ErrorCode::unsupported, "the layout of the heap was not found");
  }
  layout.mheap = *symbol;
  return layout;
}

void addValues(Addr base, Addr end, std::uint64_t elementSize, std::vector<Range>& out) {
  if (elementSize <= kFirstPage) {
    out.push_back({base, end});
    return;
  }
  elementSize = std::min(elementSize, end - base);  // a damaged one must not wrap around
  for (Addr object = base; object < end; object += elementSize) {
    out.push_back({object, std::min(end, object + kFirstPage)});
  }
}

}  // namespace

Result<Needed> neededOf(image::Image& image) {
  const auto layout = bind(image);
  if (!layout) return tl::unexpected(layout.error());
  auto& memory = image.target().memory();
  Addr list = 0;
  std::uint64_t count = 0;
  if (!memory.read(layout->mheap + layout->allSpans, list) ||
      !memory.read(layout->mheap + layout->allSpans + sizeof(Addr), count)) {
    return fail(ErrorCode::unreadable, "runtime.mheap_ is not in the target's memory");
  }
  if (count > kMaxSpans) return fail(ErrorCode::badFormat, "runtime.mheap_ is damaged");
  const auto pointers = memory.bytes(list, count * sizeof(Addr));
  if (count == 0 || pointers.empty()) {
    return fail(ErrorCode::unreadable, "the list of heap spans is not in the target's memory");
  }
  // Spans do not overlap.
  std::uint64_t budget = memory.size() / kPageSize + memory.regions().size();
  Needed needed;
  for (std::size_t i = 0; i < count; ++i) {
    Addr address = 0;
    std::memcpy(&address, pointers.data() + i * sizeof(Addr), sizeof address);
    const image::Object span = image::readObject(memory, address, layout->spanSize);
    if (!span) continue;
    const std::uint8_t state = span[layout->state];
    const Addr base = span[layout->start];
    const std::uint64_t pages = span[layout->pages];
    if ((state != kInUse && state != kManual) || pages == 0 || pages > budget ||
        base % kPageSize != 0 || base >= kHighest || pages > (kHighest - base) / kPageSize) {
      continue;
    }
    budget -= pages;
    const Addr end = base + pages * kPageSize;
    if (state == kManual) {
      needed.stacks.push_back({base, end});
    } else if ((span[layout->spanClass] & kNoScan) == 0) {
      needed.pointers.push_back({base, end});
    } else {
      addValues(base, end, span[layout->elementSize], needed.values);
    }
  }
  needed.stacks = target::joined(std::move(needed.stacks));
  needed.pointers = target::joined(std::move(needed.pointers));
  needed.values = target::joined(std::move(needed.values));
  return needed;
}

Result<std::vector<Range>> outsideOfHeap(image::Image& image, const std::vector<Range>& regions) {
  const auto layout = bind(image);
  if (!layout) return tl::unexpected(layout.error());
  auto& memory = image.target().memory();
  Addr table = 0;
  if (!memory.read(layout->mheap + layout->arenas, table) || table == 0) {
    return fail(ErrorCode::unreadable, "the arenas of the heap are not in the target's memory");
  }
  const Addr base = image.target().arch() == target::Arch::amd64 ? kAmd64ArenaBase : 0;
  std::vector<Range> outside;
  for (const Range& region : regions) {
    for (Addr at = region.start; at < region.end;) {
      const Addr end = std::min(region.end - 1, at / kArenaSize * kArenaSize + kArenaSize - 1) + 1;
      const std::uint64_t index = ((at + base) & (kHighest - 1)) / kArenaSize;
      Addr arena = 0;
      if (!memory.read(table + index * sizeof(Addr), arena)) {
        return fail(ErrorCode::unreadable, "the arenas of the heap are not in the target's memory");
      }
      if (arena == 0) outside.push_back({at, end});
      at = end;
    }
  }
  return outside;
}

}  // namespace parked::heap
