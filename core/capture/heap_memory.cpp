#include "capture/heap_memory.h"

#include <algorithm>

#include "schema/mheap.h"

namespace parked::capture {

namespace {

using schema::kArenaSize;
using schema::kEndOfArenas;
using schema::kPageSize;
using target::Range;

constexpr std::uint64_t kFirstPage = 4096;  // of an object

struct Layout {
  schema::MspanLayout span;
  schema::MheapLayout heap;
  Addr mheap = 0;
};

Result<Layout> bind(image::Image& image) {
  Layout layout;
  std::vector<std::string> missing;
  layout.span = schema::MspanLayout::of(image.layouts(), missing);
  layout.heap = schema::MheapLayout::of(image.layouts(), missing);
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
  const auto list = schema::SpanList::read(memory, layout->heap, layout->mheap);
  if (!list) return tl::unexpected(list.error());
  if (list->size() == 0) return fail(ErrorCode::unreadable, "the heap has no spans yet");
  // Spans do not overlap.
  std::uint64_t budget = memory.size() / kPageSize + memory.regions().size();
  Needed needed;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const image::Object span = image::readObject(memory, (*list)[i], layout->span.size);
    if (!span) continue;
    const std::uint8_t state = span[layout->span.state];
    const Addr base = span[layout->span.startAddr];
    const std::uint64_t pages = span[layout->span.pages];
    if ((state != schema::kSpanInUse && state != schema::kSpanManual) || pages == 0 ||
        pages > budget || base % kPageSize != 0 || base >= kEndOfArenas ||
        pages > (kEndOfArenas - base) / kPageSize) {
      continue;
    }
    budget -= pages;
    const Addr end = base + pages * kPageSize;
    if (state == schema::kSpanManual) {
      needed.stacks.push_back({base, end});
    } else if (layout->span.hasPointers(span)) {
      needed.pointers.push_back({base, end});
    } else {
      addValues(base, end, span[layout->span.elementSize], needed.values);
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
  if (!memory.read(layout->mheap + layout->heap.arenas, table) || table == 0) {
    return fail(ErrorCode::unreadable, "the arenas of the heap are not in the target's memory");
  }
  const target::Architecture& arch = image.target().arch();
  std::vector<Range> outside;
  for (const Range& region : regions) {
    for (Addr at = region.start; at < region.end;) {
      const Addr end = std::min(region.end - 1, at / kArenaSize * kArenaSize + kArenaSize - 1) + 1;
      Addr arena = 0;
      if (!memory.read(table + schema::arenaEntry(arch, at), arena)) {
        return fail(ErrorCode::unreadable, "the arenas of the heap are not in the target's memory");
      }
      if (arena == 0) outside.push_back({at, end});
      at = end;
    }
  }
  return outside;
}

}  // namespace parked::capture
