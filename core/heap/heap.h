// The Go heap: which spans there are, which object an address lies in.
// Mirrors runtime/mheap.go (mheap, heapArena, mspan, spanOf) and runtime/mbitmap.go (findObject,
// isFree), Go 1.18 to 1.27.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/observer.h"
#include "image/image.h"
#include "schema/mheap.h"
#include "target/address_space.h"

namespace parked::heap {

using schema::kArenaSize;
using schema::kPageSize;
using schema::kPagesPerArena;
inline constexpr std::uint32_t kNoSpan = 0xffffffff;
inline constexpr std::uint32_t kManualSpan = 0x80000000;  ///< from here on: numbers of ManualSpans

/// How the heap says which words of an object are pointers.
enum class PointerScheme : std::uint8_t {
  arenaNibbles,  ///< two bits a word in heapArena.bitmap: Go 1.18 and 1.19
  arenaBits,     ///< one bit a word in heapArena.bitmap: Go 1.20, 1.21 and noallocheaders
  headers,       ///< bits at the span's end, or the type in front of the object: since Go 1.22
};

/// A span of the heap that holds objects (state mSpanInUse). What marking looks at fits a cache
/// line.
struct alignas(64) Span {
  Addr base = 0;
  const std::byte* bytes = nullptr;  ///< of the objects; null: not readable in one piece
  std::uint64_t size = 0;            ///< of all its objects together (mspan.limit - base)
  std::uint64_t elementSize = 0;     ///< bytes of a slot
  std::uint64_t firstSlot = 0;       ///< number of its first slot over the whole heap
  std::uint32_t objects = 0;         ///< slots (mspan.nelems)
  std::uint32_t reciprocal = 0;      ///< 2^32 / elementSize, rounded up; 0: divide
  std::uint32_t firstScan = 0;       ///< the same as firstSlot, over the slots that hold pointers
  bool scan = false;                 ///< its objects may hold pointers
  bool conservative = false;         ///< a user arena: which words are pointers is not told
  bool unswept = false;              ///< not swept since the last collection: see isDead()

  /// Number of the slot at `offset` bytes from the base, which must be below size.
  std::uint32_t indexOf(std::uint64_t offset) const {
    if (reciprocal != 0) return static_cast<std::uint32_t>(offset * reciprocal >> 32);
    return objects == 1 ? 0 : static_cast<std::uint32_t>(offset / elementSize);
  }
  Addr address(std::uint32_t index) const { return base + index * elementSize; }
};

/// The rest of a span, asked for seldom.
struct SpanDetails {
  Addr address = 0;    ///< of the mspan
  Addr end = 0;        ///< of its last page
  Addr largeType = 0;  ///< type of a large object (1.22+), 0 if none
  Addr specials = 0;   ///< first runtime.special
  Addr pinnerBits = 0;
  std::span<const std::byte> allocBits;  ///< of the last sweep
  /// Of the last collection, where it is not swept yet; the second the span's own (Green Tea).
  std::span<const std::byte> markBits, inlineMarkBits;
  std::uint32_t freeIndex = 0;  ///< slots below it were handed out since
  bool large = false;           ///< size class 0
  bool inlineMarks = false;     ///< 128 bytes of mark bits at its end (Green Tea)
};

/// A span whose memory the runtime hands out itself (state mSpanManual): mostly of stacks.
struct ManualSpan {
  Addr base = 0, end = 0;
  std::uint64_t elementSize = 0;  ///< bytes of each of its stacks
};

struct ObjectRef {
  std::uint32_t span = kNoSpan;
  std::uint32_t index = 0;
  explicit operator bool() const { return span != kNoSpan; }
  bool operator==(const ObjectRef&) const = default;
};

class Heap {
 public:
  /// Reads the list of spans and checks each against the arenas. An error means that the heap as a
  /// whole is not readable; a part that is not is told by problem().
  static Result<std::unique_ptr<Heap>> open(image::Image& image, Observer* observer);

  PointerScheme scheme() const { return scheme_; }
  const std::vector<Span>& spans() const { return spans_; }
  const SpanDetails& details(std::uint32_t span) const { return details_[span]; }
  std::uint64_t slots() const { return slots_; }            ///< of all spans
  std::uint32_t scanSlots() const { return scanSlots_; }    ///< of those that hold pointers
  std::uint64_t inUseBytes() const { return inUseBytes_; }  ///< of the spans that hold objects
  /// Why a walk over this heap may miss objects; nullopt if it is whole. The first reason counts.
  const std::optional<std::string>& problem() const { return problem_; }

  /// The object `address` points to or into. Empty outside of the heap's objects.
  ObjectRef find(Addr address) const {
    const std::uint64_t page = address / kPageSize - firstPage_;
    if (page >= pages_) return {};
    const std::uint32_t* arena = arenas_[page / kPagesPerArena].get();
    if (arena == nullptr) return {};
    const std::uint32_t number = arena[page % kPagesPerArena];
    if (number >= kManualSpan) return {};
    const Span& span = spans_[number];
    const std::uint64_t offset = address - span.base;
    if (offset >= span.size) return {};
    return {number, span.indexOf(offset)};
  }
  /// The address is in memory that held objects once, or behind the last object of a span. Nothing
  /// that is in use points there (Go ends a program in which something does: runtime/mbitmap.go,
  /// findObject).
  bool isFree(Addr address) const {
    const std::uint64_t page = address / kPageSize - firstPage_;
    if (page >= pages_) return false;
    const std::uint32_t* numbers = arenas_[page / kPagesPerArena].get();
    const std::uint32_t number = numbers == nullptr ? kNoSpan : numbers[page % kPagesPerArena];
    if (number < kManualSpan) return address - spans_[number].base >= spans_[number].size;
    const std::vector<bool>& arena = freePages_[page / kPagesPerArena];
    return !arena.empty() && arena[page % kPagesPerArena];
  }
  /// [lo, hi) is what runtime/stack.go (stackalloc) hands out: one slot of a span of stacks.
  bool isStack(Addr lo, Addr hi) const;
  Addr address(ObjectRef object) const { return spans_[object.span].address(object.index); }
  std::uint64_t slot(ObjectRef object) const {
    return spans_[object.span].firstSlot + object.index;
  }
  std::uint32_t scanSlot(ObjectRef object) const {
    return spans_[object.span].firstScan + object.index;
  }
  /// The object with that scanSlot().
  ObjectRef byScanSlot(std::uint32_t number) const;
  /// False for a slot that is free: nothing that is in use points to it.
  bool allocated(ObjectRef object) const;
  /// The last collection did not reach the object, and its span is not swept yet: it still looks
  /// allocated, and what it points to may be free already. Where a span is damaged this may be said
  /// of one that is in use.
  bool isDead(ObjectRef object) const {
    return spans_[object.span].unswept && !isMarkedByCollector(object);
  }

  target::AddressSpace& memory() const { return *memory_; }
  /// Where the pointer bits of the arena of `address` are (arenaNibbles and arenaBits); empty if
  /// they are not readable.
  std::span<const std::byte> arenaBitmap(Addr address) const;
  /// arenaBits: one bit for 64 words, set when no pointer follows them in their object.
  std::span<const std::byte> arenaNoMorePointers(Addr address) const;

 private:
  struct Layout;
  struct ArenaBits {
    std::span<const std::byte> pointers, noMore;
  };
  Heap() = default;
  Result<void> readSpans(const Layout& layout, Addr mheap, Observer* observer);
  void numberPages();
  void readArenaBits(const Layout& layout);
  void addSpan(const Layout& layout, Addr address);
  bool isSound(const Span& span, const SpanDetails& details, Addr limit, std::uint64_t pages,
               std::uint64_t objects) const;
  bool numberSlots(Span& span, const SpanDetails& details);
  void readDetails(const Layout& layout, const image::Object& mspan, std::uint64_t objects,
                   const Span& span, SpanDetails& details);
  void readMarks(const Layout& layout, const image::Object& mspan, std::uint64_t objects,
                 Span& span, SpanDetails& details);
  void addManualSpan(const Layout& layout, const image::Object& mspan);
  /// The arena of `base` says that the span at `address` begins there.
  bool isInArena(const Layout& layout, Addr base, Addr address) const;
  Addr arenaOf(Addr address) const;
  void lookAtOtherPages(const Layout& layout);
  bool setPages(Addr base, std::uint64_t pages, std::uint32_t number);
  void damage(std::string_view what);
  bool isMarkedByCollector(ObjectRef object) const;

  target::AddressSpace* memory_ = nullptr;
  const target::Architecture* arch_ = &arch::host();
  PointerScheme scheme_ = PointerScheme::headers;
  Addr arenaTable_ = 0;
  std::vector<Span> spans_;
  std::vector<SpanDetails> details_;
  std::vector<ManualSpan> manualSpans_;
  std::uint64_t firstPage_ = 0, pages_ = 0;
  std::vector<std::unique_ptr<std::uint32_t[]>> arenas_;  // page to span, by arena from firstPage_
  std::vector<std::vector<bool>> freePages_;              // the same: see isFree()
  std::vector<ArenaBits> arenaBits_;  // the same, for the schemes that have them
  std::uint64_t slots_ = 0, inUseBytes_ = 0;
  std::uint64_t pageBudget_ = 0;  ///< pages the target's memory has room for
  std::uint32_t scanSlots_ = 0;
  std::uint32_t sweepGeneration_ = 0;  ///< mheap.sweepgen
  std::optional<std::string> problem_;
};

}  // namespace parked::heap
