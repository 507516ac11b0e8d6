#include "heap/heap.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "base/progress.h"
#include "image/layout.h"
#include "schema/mheap.h"

namespace parked::heap {

namespace {

constexpr std::uint64_t kMaxScanSlots = 0x7fffffff;  // a parent edge is 31 bits
constexpr std::uint64_t kSmallestSlot = 8;

}  // namespace

struct Heap::Layout {
  schema::MspanLayout span;
  schema::ArenaLayout arena;
  schema::MheapLayout heap;
  std::uint32_t inlineMarks = 0, inlineMarksSize = 0;  ///< at the span's end
  std::uint64_t bitmapSize = 0, noMoreSize = 0;
};

namespace {

bool isAbsent(std::uint32_t offset) { return offset == image::Field<Addr>::kAbsent; }

bool isSet(std::span<const std::byte> bits, std::uint32_t index) {
  return index / 8 < bits.size() &&
         (std::to_integer<unsigned>(bits[index / 8]) >> (index % 8) & 1) != 0;
}

}  // namespace

Result<std::unique_ptr<Heap>> Heap::open(image::Image& image, Observer* observer) {
  std::unique_ptr<Heap> heap(new Heap);
  heap->memory_ = &image.target().memory();
  heap->arch_ = &image.target().arch();

  Layout layout;
  std::vector<std::string> missing;
  auto& source = image.layouts();
  layout.span = schema::MspanLayout::of(source, missing);
  layout.arena = schema::ArenaLayout::of(source, missing);
  heap->scheme_ = isAbsent(layout.arena.bitmap)           ? PointerScheme::headers
                  : isAbsent(layout.arena.noMorePointers) ? PointerScheme::arenaNibbles
                                                          : PointerScheme::arenaBits;
  constexpr std::uint64_t kWordsPerArena = kArenaSize / 8;
  layout.bitmapSize =
      heap->scheme_ == PointerScheme::arenaNibbles ? kWordsPerArena / 4 : kWordsPerArena / 8;
  layout.noMoreSize = kWordsPerArena / 64 / 8;

  // The struct is empty without the experiment.
  image::Binder inlineMarks(source, "runtime.spanInlineMarkBits", missing);
  layout.inlineMarks = inlineMarks.offsetOf("marks", false);
  layout.inlineMarksSize = inlineMarks.size();

  layout.heap = schema::MheapLayout::of(source, missing);

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
  if (!problem_) problem_ = what;
}

/// The heapArena that `address` lies in, 0 if none.
Addr Heap::arenaOf(Addr address) const {
  Addr arena = 0;
  return memory_->read(arenaTable_ + schema::arenaEntry(*arch_, address), arena) ? arena : 0;
}

Result<void> Heap::readSpans(const Layout& layout, Addr mheap, Observer* observer) {
  if (!memory_->read(mheap + layout.heap.arenas, arenaTable_) ||
      !memory_->read(mheap + layout.heap.sweepGeneration, sweepGeneration_)) {
    return fail(ErrorCode::unreadable, "runtime.mheap_ is not in the target's memory", mheap);
  }
  if (arenaTable_ == 0) return fail(ErrorCode::badFormat, "runtime.mheap_ is damaged", mheap);
  const auto list = schema::SpanList::read(*memory_, layout.heap, mheap);
  if (!list) return tl::unexpected(list.error());
  // Spans do not overlap, so together they are no larger than the memory there is. Spans of a
  // forged target that claim more would cost more than they can say.
  pageBudget_ = memory_->size() / kPageSize + memory_->regions().size();
  Progress progress(observer, "heap", list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (!progress.step()) return fail(ErrorCode::interrupted, "interrupted");
    addSpan(layout, (*list)[i]);
  }
  // Raised after a span is in use, lowered before it is free. The arenas tell of spans that are not
  // in the list, too, but not where none of an arena's is.
  std::uint64_t least = 0;
  if (layout.heap.pagesInUse && memory_->read(mheap + layout.heap.pagesInUse.offset, least) &&
      inUseBytes_ / kPageSize < least) {
    damage("the list of heap spans is shorter than the runtime says");
  }
  if (spans_.empty()) {
    return fail(ErrorCode::badFormat, "no span of the heap was found", mheap);
  }
  numberPages();
  lookAtOtherPages(layout);
  if (scheme_ != PointerScheme::headers) readArenaBits(layout);
  return {};
}

/// Which span each page belongs to.
void Heap::numberPages() {
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
}

/// The bitmaps of the arenas, for the schemes that have them.
void Heap::readArenaBits(const Layout& layout) {
  arenaBits_.resize(arenas_.size());
  for (std::size_t i = 0; i < arenas_.size(); ++i) {
    if (arenas_[i] == nullptr) continue;
    const Addr arena = arenaOf(firstPage_ * kPageSize + i * kArenaSize);
    arenaBits_[i].pointers = memory_->bytes(arena + layout.arena.bitmap, layout.bitmapSize);
    if (scheme_ == PointerScheme::arenaBits) {
      arenaBits_[i].noMore = memory_->bytes(arena + layout.arena.noMorePointers, layout.noMoreSize);
      if (arenaBits_[i].noMore.empty()) damage("a bitmap of the heap is not readable");
    }
    if (arenaBits_[i].pointers.empty()) damage("a bitmap of the heap is not readable");
  }
}

/// Whether what a span in use says of itself can be so.
bool Heap::isSound(const Span& span, const SpanDetails& details, Addr limit, std::uint64_t pages,
                   std::uint64_t objects) const {
  return span.base % kPageSize == 0 && span.base != 0 && span.base < schema::kEndOfArenas &&
         pages < schema::kEndOfArenas / kPageSize && details.end <= schema::kEndOfArenas &&
         limit > span.base && limit <= details.end && span.elementSize >= kSmallestSlot &&
         span.elementSize % 8 == 0 && span.elementSize <= details.end - span.base && objects > 0 &&
         objects <= 0xffffffff && pages <= pageBudget_ &&
         objects <= (details.end - span.base) / span.elementSize;
}

void Heap::addSpan(const Layout& layout, Addr address) {
  const image::Object mspan = image::readObject(*memory_, address, layout.span.size);
  if (!mspan) {
    damage("a span of the heap is not readable");
    return;
  }
  if (mspan[layout.span.state] == schema::kSpanManual) addManualSpan(layout, mspan);
  if (mspan[layout.span.state] != schema::kSpanInUse) return;
  Span span;
  SpanDetails details;
  span.base = mspan[layout.span.startAddr];
  const std::uint64_t pages = mspan[layout.span.pages];
  if (pages == 0) return;  // 1.26 and later keep such spans in the list
  const Addr limit = mspan[layout.span.limit];
  span.elementSize = mspan[layout.span.elementSize];
  const std::uint64_t objects = layout.span.objectsOf(mspan);
  details.address = address;
  details.end = span.base + pages * kPageSize;
  if (!isSound(span, details, limit, pages, objects)) {
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
  span.scan = layout.span.hasPointers(mspan);
  // Exact below 2^32: see runtime/sizeclasses.go (class_to_divmagic), which proves it too.
  if (span.objects > 1 && span.size * span.elementSize < std::uint64_t{1} << 32) {
    span.reciprocal = static_cast<std::uint32_t>(~std::uint32_t{0} / span.elementSize + 1);
  }
  span.conservative = layout.span.userArena && mspan[layout.span.userArena] != 0;
  if (!numberSlots(span, details)) return;
  readDetails(layout, mspan, objects, span, details);
  readMarks(layout, mspan, objects, span, details);
  spans_.push_back(span);
  details_.push_back(details);
}

/// Numbers its slots over the whole heap. False if there are more than can be numbered.
bool Heap::numberSlots(Span& span, const SpanDetails& details) {
  span.firstSlot = slots_;
  slots_ += span.objects;
  inUseBytes_ += details.end - span.base;
  span.firstScan = scanSlots_;
  if (!span.scan) return true;
  if (scanSlots_ + std::uint64_t{span.objects} > kMaxScanSlots) {
    damage("the heap has more objects than parked can hold");
    return false;
  }
  scanSlots_ += span.objects;
  // Of spans with pointers all bytes are asked for at once; the others' content is never looked at.
  span.bytes = memory_->view(span.base, details.end - span.base).data();
  if (span.bytes == nullptr) damage("a part of the heap is not in the target's memory");
  return true;
}

void Heap::readDetails(const Layout& layout, const image::Object& mspan, std::uint64_t objects,
                       const Span& span, SpanDetails& details) {
  details.large = layout.span.isLarge(mspan);
  details.largeType = mspan[layout.span.largeType];
  details.specials = mspan[layout.span.specials];
  details.pinnerBits = mspan[layout.span.pinnerBits];
  details.freeIndex = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(layout.span.freeIndexOf(mspan), span.objects));
  details.allocBits = memory_->bytes(mspan[layout.span.allocBits], (objects + 7) / 8);
  if (scheme_ == PointerScheme::headers && !isAbsent(layout.arena.inlineMarks)) {
    const std::uint64_t page = span.base / kPageSize % kPagesPerArena;
    std::uint8_t bits = 0;
    if (!memory_->read(arenaOf(span.base) + layout.arena.inlineMarks + page / 8, bits)) {
      damage("a bitmap of the heap is not readable");
    }
    details.inlineMarks = (bits >> (page % 8) & 1) != 0;
  }
}

/// What the last collection reached, where the span is not swept since.
void Heap::readMarks(const Layout& layout, const image::Object& mspan, std::uint64_t objects,
                     Span& span, SpanDetails& details) {
  // The span's generation is that of the heap, or three more while a P has it: swept.
  const std::uint32_t ahead = mspan[layout.span.sweepGeneration] - sweepGeneration_;
  if (ahead == 0 || ahead == 3) return;
  if (ahead != 1 && ahead != 0U - 1 && ahead != 0U - 2) damage("a span of the heap is damaged");
  span.unswept = true;
  // Both may be empty while it is being swept; that makes all of its objects look dead.
  details.markBits = memory_->bytes(mspan[layout.span.markBits], (objects + 7) / 8);
  if (details.inlineMarks && !isAbsent(layout.inlineMarks)) {
    details.inlineMarkBits = memory_->bytes(
        details.end - layout.inlineMarksSize + layout.inlineMarks, (objects + 7) / 8);
  }
}

/// One that is damaged is left out: what lies in it is then no stack.
void Heap::addManualSpan(const Layout& layout, const image::Object& mspan) {
  // initSpan of runtime/mheap.go clears it; so this was one of objects, and its state is damaged.
  if (layout.span.objectsOf(mspan) != 0) damage("a span of the heap is damaged");
  ManualSpan span;
  span.base = mspan[layout.span.startAddr];
  const std::uint64_t pages = mspan[layout.span.pages];
  span.end = span.base + pages * kPageSize;
  span.elementSize = mspan[layout.span.elementSize];
  if (pages == 0 || pages > pageBudget_ || span.base % kPageSize != 0 ||
      span.base >= schema::kEndOfArenas || span.end > schema::kEndOfArenas ||
      !isInArena(layout, span.base, mspan.address())) {
    return;
  }
  pageBudget_ -= pages;
  manualSpans_.push_back(span);
}

bool Heap::isInArena(const Layout& layout, Addr base, Addr address) const {
  const Addr arena = arenaOf(base);
  const std::uint64_t page = base / kPageSize % kPagesPerArena;
  Addr there = 0;
  return arena != 0 && memory_->read(arena + layout.arena.spans + page * sizeof(Addr), there) &&
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
        memory_->bytes(arenaOf(start) + layout.arena.spans, kPagesPerArena * sizeof(Addr));
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
        const image::Object mspan = image::readObject(*memory_, address, layout.span.size);
        isFree = !mspan || mspan[layout.span.state] != schema::kSpanManual;
        const std::uint64_t inside = start + page * kPageSize - mspan[layout.span.startAddr];
        if (mspan[layout.span.state] == schema::kSpanInUse &&
            inside / kPageSize < mspan[layout.span.pages]) {
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
