#include "heap/heap.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "image/layout.h"

namespace parked::heap {

namespace {

using image::Field;

constexpr std::uint64_t kMaxSpans = 1 << 28;         // 2 TiB of smallest spans
constexpr std::uint64_t kMaxScanSlots = 0x7fffffff;  // a parent edge is 31 bits
constexpr std::uint64_t kArenas = 1 << 22;           // of a 48-bit address space
constexpr Addr kHighest = kArenas * kArenaSize;
constexpr std::uint8_t kInUse = 1, kManual = 2;  // runtime.mSpanInUse, mSpanManual
constexpr std::uint8_t kNoScan = 1;              // lowest bit of mspan.spanclass
constexpr std::uint64_t kSmallestSlot = 8;
constexpr std::size_t kAskEvery = 1 << 14;

}  // namespace

struct Heap::Layout {
  std::uint32_t spanSize = 0;
  Field<Addr> startAddr, limit, allocBits, markBits, largeType, specials, pinnerBits;
  Field<std::uint64_t> pages, elementSize;
  Field<std::uint64_t> objects64, freeIndex64;  // uintptr up to 1.21
  Field<std::uint16_t> objects16, freeIndex16;
  Field<std::uint8_t> state, spanClass, userArena;
  Field<std::uint32_t> sweepGeneration;
  std::uint32_t arenaSpans = 0, arenaBitmap = 0, arenaNoMore = 0, arenaInline = 0;
  std::uint32_t inlineMarks = 0, inlineMarksSize = 0;  ///< at the span's end
  std::uint64_t bitmapSize = 0, noMoreSize = 0;
  std::uint32_t allSpans = 0, arenas = 0, heapSweepGeneration = 0;
  Field<std::uint64_t> pagesInUse;

  std::uint64_t objectsOf(const image::Object& mspan) const {
    return objects16 ? mspan[objects16] : mspan[objects64];
  }
};

namespace {

std::uint32_t optionalOffset(image::Binder& binder, std::string_view path) {
  return binder.offsetOf(path, false);
}

bool isAbsent(std::uint32_t offset) { return offset == Field<Addr>::kAbsent; }

bool isSet(std::span<const std::byte> bits, std::uint32_t index) {
  return index / 8 < bits.size() &&
         (std::to_integer<unsigned>(bits[index / 8]) >> (index % 8) & 1) != 0;
}

}  // namespace

Result<std::unique_ptr<Heap>> Heap::open(image::Image& image, Observer* observer) {
  std::unique_ptr<Heap> heap(new Heap);
  heap->memory_ = &image.target().memory();
  heap->arch_ = image.target().arch();

  Layout layout;
  std::vector<std::string> missing;
  auto& source = image.layouts();
  image::Binder span(source, "runtime.mspan", missing);
  layout.spanSize = span.size();
  span.required(layout.startAddr, "startAddr");
  span.required(layout.pages, "npages");
  span.required(layout.limit, "limit");
  span.required(layout.elementSize, "elemsize");
  span.required(layout.state, "state");
  span.required(layout.spanClass, "spanclass");
  span.required(layout.allocBits, "allocBits");
  span.required(layout.markBits, "gcmarkBits");
  span.required(layout.sweepGeneration, "sweepgen");
  span.required(layout.specials, "specials");
  span.optional(layout.objects16, "nelems");
  span.optional(layout.freeIndex16, "freeindex");
  if (!layout.objects16) span.required(layout.objects64, "nelems");
  if (!layout.freeIndex16) span.required(layout.freeIndex64, "freeindex");
  span.optional(layout.largeType, "largeType");
  span.optional(layout.pinnerBits, "pinnerBits");
  span.optional(layout.userArena, "isUserArenaChunk");

  image::Binder arena(source, "runtime.heapArena", missing);
  layout.arenaSpans = arena.offsetOf("spans", true);
  layout.arenaBitmap = optionalOffset(arena, "bitmap");
  layout.arenaNoMore = optionalOffset(arena, "noMorePtrs");
  layout.arenaInline = optionalOffset(arena, "pageUseSpanInlineMarkBits");
  heap->scheme_ = isAbsent(layout.arenaBitmap)   ? PointerScheme::headers
                  : isAbsent(layout.arenaNoMore) ? PointerScheme::arenaNibbles
                                                 : PointerScheme::arenaBits;
  constexpr std::uint64_t kWordsPerArena = kArenaSize / 8;
  layout.bitmapSize =
      heap->scheme_ == PointerScheme::arenaNibbles ? kWordsPerArena / 4 : kWordsPerArena / 8;
  layout.noMoreSize = kWordsPerArena / 64 / 8;

  // The struct is empty without the experiment.
  image::Binder inlineMarks(source, "runtime.spanInlineMarkBits", missing);
  layout.inlineMarks = optionalOffset(inlineMarks, "marks");
  layout.inlineMarksSize = inlineMarks.size();

  image::Binder mheap(source, "runtime.mheap", missing);
  layout.allSpans = mheap.offsetOf("allspans", true);
  layout.arenas = mheap.offsetOf("arenas", true);
  layout.heapSweepGeneration = mheap.offsetOf("sweepgen", true);
  mheap.optional(layout.pagesInUse, "pagesInUse");

  const auto symbol = image.symbol("runtime.mheap_");
  if (!missing.empty() || !symbol) {
    return fail(ErrorCode::unsupported,
                fmt::format("the layout of the heap was not found ({})",
                            missing.empty() ? "runtime.mheap_" : missing.front()));
  }
  if (auto read = heap->readSpans(layout, *symbol, observer); !read) {
    return tl::unexpected(read.error());
  }
  return heap;
}

void Heap::damage(std::string_view what) {
  if (problem_.empty()) problem_ = what;
}

/// The heapArena that `address` lies in, 0 if none.
Addr Heap::arenaOf(Addr address) const {
  const Addr offset = arch_ == target::Arch::amd64 ? 0x800000000000U : 0;  // arenaBaseOffset
  const std::uint64_t index = ((address + offset) & ((std::uint64_t{1} << 48) - 1)) / kArenaSize;
  Addr arena = 0;
  return memory_->read(arenaTable_ + index * sizeof(Addr), arena) ? arena : 0;
}

Result<void> Heap::readSpans(const Layout& layout, Addr mheap, Observer* observer) {
  Addr list = 0;
  std::uint64_t count = 0;
  if (!memory_->read(mheap + layout.arenas, arenaTable_) ||
      !memory_->read(mheap + layout.allSpans, list) ||
      !memory_->read(mheap + layout.allSpans + 8, count) ||
      !memory_->read(mheap + layout.heapSweepGeneration, sweepGeneration_)) {
    return fail(ErrorCode::unreadable, "runtime.mheap_ is not in the target's memory", mheap);
  }
  if (count > kMaxSpans || arenaTable_ == 0) {
    return fail(ErrorCode::badFormat, "runtime.mheap_ is damaged", mheap);
  }
  const auto pointers = memory_->bytes(list, count * sizeof(Addr));
  if (count != 0 && pointers.empty()) {
    return fail(ErrorCode::unreadable, "the list of heap spans is not in the target's memory",
                list);
  }
  // Spans do not overlap, so together they are no larger than the memory there is. Spans of a
  // forged target that claim more would cost more than they can say.
  pageBudget_ = memory_->size() / kPageSize + memory_->regions().size();
  for (std::size_t i = 0; i < count; ++i) {
    if (observer != nullptr && i % kAskEvery == 0) {
      observer->progress("heap", i, count);
      if (observer->cancelled()) return fail(ErrorCode::interrupted, "interrupted");
    }
    Addr address = 0;
    std::memcpy(&address, pointers.data() + i * sizeof(Addr), sizeof address);
    addSpan(layout, address);
  }
  // Raised after a span is in use, lowered before it is free. The arenas tell of spans that are not
  // in the list, too (below), but not where none of an arena's is.
  std::uint64_t least = 0;
  if (layout.pagesInUse && memory_->read(mheap + layout.pagesInUse.offset, least) &&
      inUseBytes_ / kPageSize < least) {
    damage("the list of heap spans is shorter than the runtime says");
  }
  if (spans_.empty()) {
    return fail(ErrorCode::badFormat, "no span of the heap was found", mheap);
  }

  Addr lowest = ~Addr{0}, highest = 0;
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    lowest = std::min(lowest, spans_[i].base);
    highest = std::max(highest, details_[i].end);
  }
  for (const ManualSpan& span : manualSpans_) {
    lowest = std::min(lowest, span.base);
    highest = std::max(highest, span.end);
  }
  firstPage_ = lowest / kArenaSize * kPagesPerArena;
  pages_ = (highest + kArenaSize - 1) / kArenaSize * kPagesPerArena - firstPage_;
  arenas_.resize(pages_ / kPagesPerArena);
  arenaBits_.resize(scheme_ == PointerScheme::headers ? 0 : arenas_.size());
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (!setPages(spans_[i].base, (details_[i].end - spans_[i].base) / kPageSize, i)) {
      damage("two spans of the heap overlap");
    }
  }
  for (std::uint32_t i = 0; i < manualSpans_.size(); ++i) {
    const ManualSpan& span = manualSpans_[i];
    if (!setPages(span.base, (span.end - span.base) / kPageSize, kManualSpan + i)) {
      damage("two spans of the heap overlap");
    }
  }
  lookAtOtherPages(layout);
  for (std::size_t i = 0; i < arenas_.size() && scheme_ != PointerScheme::headers; ++i) {
    if (arenas_[i] == nullptr) continue;
    const Addr arena = arenaOf(firstPage_ * kPageSize + i * kArenaSize);
    arenaBits_[i].pointers = memory_->bytes(arena + layout.arenaBitmap, layout.bitmapSize);
    if (scheme_ == PointerScheme::arenaBits) {
      arenaBits_[i].noMore = memory_->bytes(arena + layout.arenaNoMore, layout.noMoreSize);
      if (arenaBits_[i].noMore.empty()) damage("a bitmap of the heap is not readable");
    }
    if (arenaBits_[i].pointers.empty()) damage("a bitmap of the heap is not readable");
  }
  return {};
}

void Heap::addSpan(const Layout& layout, Addr address) {
  const image::Object mspan = image::readObject(*memory_, address, layout.spanSize);
  if (!mspan) {
    damage("a span of the heap is not readable");
    return;
  }
  if (mspan[layout.state] == kManual) addManualSpan(layout, mspan);
  if (mspan[layout.state] != kInUse) return;
  Span span;
  SpanDetails details;
  span.base = mspan[layout.startAddr];
  const std::uint64_t pages = mspan[layout.pages];
  if (pages == 0) return;  // 1.26 and later keep such spans in the list
  const Addr limit = mspan[layout.limit];
  span.elementSize = mspan[layout.elementSize];
  const std::uint64_t objects = layout.objectsOf(mspan);
  details.address = address;
  details.end = span.base + pages * kPageSize;
  const bool sound = span.base % kPageSize == 0 && span.base != 0 && span.base < kHighest &&
                     pages < kHighest / kPageSize && details.end <= kHighest && limit > span.base &&
                     limit <= details.end && span.elementSize >= kSmallestSlot &&
                     span.elementSize % 8 == 0 && span.elementSize <= details.end - span.base &&
                     objects > 0 && objects <= 0xffffffff && pages <= pageBudget_ &&
                     objects <= (details.end - span.base) / span.elementSize;
  if (!sound) {
    damage("a span of the heap is damaged");
    return;
  }
  pageBudget_ -= pages;
  if (!isInArena(layout, span.base, address)) {
    damage("a span of the heap is not where its arena says");
    return;
  }
  span.size = std::min(limit - span.base, objects * span.elementSize);
  // limit is below the end of the last slot for a large object (1.18+: base + its size).
  span.objects = static_cast<std::uint32_t>(
      std::min(objects, (span.size + span.elementSize - 1) / span.elementSize));
  const std::uint8_t spanClass = mspan[layout.spanClass];
  span.scan = (spanClass & kNoScan) == 0;
  details.large = spanClass >> 1 == 0;
  // Exact below 2^32: see runtime/sizeclasses.go (class_to_divmagic), which proves it too.
  if (span.objects > 1 && span.size * span.elementSize < std::uint64_t{1} << 32) {
    span.reciprocal = static_cast<std::uint32_t>(~std::uint32_t{0} / span.elementSize + 1);
  }
  span.conservative = layout.userArena && mspan[layout.userArena] != 0;
  span.firstSlot = slots_;
  slots_ += span.objects;
  inUseBytes_ += details.end - span.base;
  if (span.scan) {
    if (scanSlots_ + std::uint64_t{span.objects} > kMaxScanSlots) {
      damage("the heap has more objects than parked can hold");
      return;
    }
    span.firstScan = scanSlots_;
    scanSlots_ += span.objects;
    // Of spans with pointers all bytes are asked for at once; the others' content is never looked
    // at.
    span.bytes = memory_->bytes(span.base, details.end - span.base).data();
    if (span.bytes == nullptr) damage("a part of the heap is not in the target's memory");
  } else {
    span.firstScan = scanSlots_;
  }
  details.largeType = mspan[layout.largeType];
  details.specials = mspan[layout.specials];
  details.pinnerBits = mspan[layout.pinnerBits];
  details.freeIndex = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      layout.freeIndex16 ? mspan[layout.freeIndex16] : mspan[layout.freeIndex64], span.objects));
  details.allocBits = memory_->bytes(mspan[layout.allocBits], (objects + 7) / 8);
  if (scheme_ == PointerScheme::headers && !isAbsent(layout.arenaInline)) {
    const std::uint64_t page = span.base / kPageSize % kPagesPerArena;
    std::uint8_t bits = 0;
    if (!memory_->read(arenaOf(span.base) + layout.arenaInline + page / 8, bits)) {
      damage("a bitmap of the heap is not readable");
    }
    details.inlineMarks = (bits >> (page % 8) & 1) != 0;
  }
  // The span's generation is that of the heap, or three more while a P has it: swept.
  const std::uint32_t ahead = mspan[layout.sweepGeneration] - sweepGeneration_;
  if (ahead != 0 && ahead != 3) {
    if (ahead != 1 && ahead != 0U - 1 && ahead != 0U - 2) damage("a span of the heap is damaged");
    span.unswept = true;
    // Both may be empty while it is being swept; that makes all of its objects look dead.
    details.markBits = memory_->bytes(mspan[layout.markBits], (objects + 7) / 8);
    if (details.inlineMarks && !isAbsent(layout.inlineMarks)) {
      details.inlineMarkBits = memory_->bytes(
          details.end - layout.inlineMarksSize + layout.inlineMarks, (objects + 7) / 8);
    }
  }
  spans_.push_back(span);
  details_.push_back(details);
}

/// One that is damaged is left out: what lies in it is then no stack.
void Heap::addManualSpan(const Layout& layout, const image::Object& mspan) {
  // initSpan of runtime/mheap.go clears it; so this was one of objects, and its state is damaged.
  if (layout.objectsOf(mspan) != 0) damage("a span of the heap is damaged");
  ManualSpan span;
  span.base = mspan[layout.startAddr];
  const std::uint64_t pages = mspan[layout.pages];
  span.end = span.base + pages * kPageSize;
  span.elementSize = mspan[layout.elementSize];
  if (pages == 0 || pages > pageBudget_ || span.base % kPageSize != 0 || span.base >= kHighest ||
      span.end > kHighest || !isInArena(layout, span.base, mspan.address())) {
    return;
  }
  pageBudget_ -= pages;
  manualSpans_.push_back(span);
}

bool Heap::isInArena(const Layout& layout, Addr base, Addr address) const {
  const Addr arena = arenaOf(base);
  const std::uint64_t page = base / kPageSize % kPagesPerArena;
  Addr there = 0;
  return arena != 0 && memory_->read(arena + layout.arenaSpans + page * sizeof(Addr), there) &&
         there == address;
}

/// Of the pages of arenas that are no span's in the list: the arenas know the spans, too, and none
/// that is in use may be missing in the list. What is not memory of the runtime's own (stacks) is
/// free.
void Heap::lookAtOtherPages(const Layout& layout) {
  freePages_.resize(arenas_.size());
  for (std::size_t i = 0; i < arenas_.size(); ++i) {
    if (arenas_[i] == nullptr) continue;
    const Addr start = firstPage_ * kPageSize + i * kArenaSize;
    const auto table =
        memory_->bytes(arenaOf(start) + layout.arenaSpans, kPagesPerArena * sizeof(Addr));
    if (table.empty()) {
      damage("the spans of an arena are not readable");
      return;
    }
    freePages_[i].resize(kPagesPerArena);
    Addr before = 0;
    bool isFree = false;
    for (std::uint64_t page = 0; page < kPagesPerArena; ++page) {
      Addr address = 0;
      std::memcpy(&address, table.data() + page * sizeof(Addr), sizeof address);
      // What was freed still stands there, of a long span at each page.
      if (address == 0 || arenas_[i][page] != kNoSpan) continue;
      if (address != before) {
        before = address;
        const image::Object mspan = image::readObject(*memory_, address, layout.spanSize);
        isFree = !mspan || mspan[layout.state] != kManual;
        const std::uint64_t inside = start + page * kPageSize - mspan[layout.startAddr];
        if (mspan[layout.state] == kInUse && inside / kPageSize < mspan[layout.pages]) {
          damage("a span of the heap is not in the list of them");
        }
      }
      freePages_[i][page] = isFree;
    }
  }
}

/// False if a page already belongs to another span.
bool Heap::setPages(Addr base, std::uint64_t pages, std::uint32_t number) {
  bool free = true;
  for (std::uint64_t page = base / kPageSize - firstPage_; pages > 0;) {
    auto& arena = arenas_[page / kPagesPerArena];
    if (arena == nullptr) {
      arena = std::make_unique<std::uint32_t[]>(kPagesPerArena);
      std::fill_n(arena.get(), kPagesPerArena, kNoSpan);
    }
    const std::uint64_t first = page % kPagesPerArena;
    const std::uint64_t count = std::min(pages, kPagesPerArena - first);
    for (std::uint64_t i = first; i < first + count; ++i) {
      free = free && arena[i] == kNoSpan;
      arena[i] = number;
    }
    page += count;
    pages -= count;
  }
  return free;
}

bool Heap::isStack(Addr lo, Addr hi) const {
  const std::uint64_t page = lo / kPageSize - firstPage_;
  if (page >= pages_ || arenas_[page / kPagesPerArena] == nullptr) return false;
  const std::uint32_t number = arenas_[page / kPagesPerArena][page % kPagesPerArena];
  if (number < kManualSpan || number == kNoSpan) return false;
  const ManualSpan& span = manualSpans_[number - kManualSpan];
  return lo < hi && hi - lo == span.elementSize && hi <= span.end &&
         (lo - span.base) % span.elementSize == 0;
}

ObjectRef Heap::byScanSlot(std::uint32_t number) const {
  // Spans without pointers share the number of the next one: the last that starts at or below it
  // and has pointers.
  auto it = std::ranges::upper_bound(spans_, number, {}, &Span::firstScan);
  while (it != spans_.begin()) {
    --it;
    if (it->scan) {
      const std::uint32_t index = number - it->firstScan;
      if (index >= it->objects) return {};
      return {static_cast<std::uint32_t>(it - spans_.begin()), index};
    }
  }
  return {};
}

bool Heap::allocated(ObjectRef object) const {
  const SpanDetails& details = details_[object.span];
  return object.index < details.freeIndex || isSet(details.allocBits, object.index);
}

bool Heap::isMarkedByCollector(ObjectRef object) const {
  const SpanDetails& details = details_[object.span];
  return isSet(details.markBits, object.index) || isSet(details.inlineMarkBits, object.index);
}

std::span<const std::byte> Heap::arenaBitmap(Addr address) const {
  const std::uint64_t arena = (address / kPageSize - firstPage_) / kPagesPerArena;
  return arena < arenaBits_.size() ? arenaBits_[arena].pointers : std::span<const std::byte>();
}

std::span<const std::byte> Heap::arenaNoMorePointers(Addr address) const {
  const std::uint64_t arena = (address / kPageSize - firstPage_) / kPagesPerArena;
  return arena < arenaBits_.size() ? arenaBits_[arena].noMore : std::span<const std::byte>();
}

}  // namespace parked::heap
