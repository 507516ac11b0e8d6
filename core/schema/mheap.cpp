#include "schema/mheap.h"

#include <cstring>

#include "arch/architecture.h"
#include "schema/slice.h"

namespace parked::schema {

MheapLayout MheapLayout::of(image::LayoutSource& source, std::vector<std::string>& missing) {
  MheapLayout heap;
  image::Binder binder(source, "runtime.mheap", missing);
  heap.allSpans = binder.offsetOf("allspans", true);
  heap.arenas = binder.offsetOf("arenas", true);
  heap.sweepGeneration = binder.offsetOf("sweepgen", true);
  binder.optional(heap.pagesInUse, "pagesInUse");
  return heap;
}

ArenaLayout ArenaLayout::of(image::LayoutSource& source, std::vector<std::string>& missing) {
  ArenaLayout arena;
  image::Binder binder(source, "runtime.heapArena", missing);
  arena.spans = binder.offsetOf("spans", true);
  arena.bitmap = binder.offsetOf("bitmap", false);
  arena.noMorePointers = binder.offsetOf("noMorePtrs", false);
  arena.inlineMarks = binder.offsetOf("pageUseSpanInlineMarkBits", false);
  return arena;
}

Result<SpanList> SpanList::read(target::AddressSpace& memory, const MheapLayout& layout,
                                Addr mheap) {
  Slice slice;
  if (!readSlice(memory, mheap + layout.allSpans, slice)) {
    return fail(ErrorCode::unreadable, "runtime.mheap_ is not in the target's memory", mheap);
  }
  if (slice.length > kMostSpans) {
    return fail(ErrorCode::badFormat, "runtime.mheap_ is damaged", mheap);
  }
  SpanList list;
  list.pointers_ = memory.bytes(slice.data, slice.length * sizeof(Addr));
  if (slice.length != 0 && list.pointers_.empty()) {
    return fail(ErrorCode::unreadable, "the list of heap spans is not in the target's memory",
                slice.data);
  }
  return list;
}

Addr SpanList::operator[](std::size_t number) const {
  Addr address = 0;
  std::memcpy(&address, pointers_.data() + number * sizeof(Addr), sizeof address);
  return address;
}

std::uint64_t arenaEntry(const target::Architecture& arch, Addr address) {
  const Addr base = arch.arenaBase;
  return ((address + base) & (kEndOfArenas - 1)) / kArenaSize * sizeof(Addr);
}

}  // namespace parked::schema
