// Visits the pointers an object holds.
// Mirrors runtime/mbitmap.go (heapBits, typePointers), Go 1.18 to 1.27.
#pragma once

#include <bit>
#include <cstring>

#include "heap/heap.h"
#include "heap/type_masks.h"

namespace parked::heap {

class Pointers {
 public:
  Pointers(const Heap& heap, TypeMasks& types) : heap_(heap), types_(types) {}

  /// Calls visit(address of the word, its value) for each word of the object that holds a pointer,
  /// nil ones included. False if the object cannot be parsed: its bytes or its bits are missing, or
  /// its type is damaged.
  template <class Visit>
  bool visit(ObjectRef object, Visit&& visit) const {
    const Span& span = heap_.spans()[object.span];
    if (!span.scan) return true;
    if (span.bytes == nullptr) return false;
    const std::uint64_t offset = object.index * span.elementSize;
    const std::uint64_t size = std::min(span.elementSize, span.size - offset);
    if (span.conservative) return everyWord(span, offset, size, visit);
    switch (heap_.scheme()) {
      case PointerScheme::arenaNibbles:
        return byNibbles(span, offset, size, visit);
      case PointerScheme::arenaBits:
        return byArenaBits(span, offset, size, visit);
      case PointerScheme::headers:
        break;
    }
    if (span.elementSize <= kMaxInSpanBits) return bySpanBits(object.span, offset, visit);
    return byType(object.span, offset, size, visit);
  }

  /// Calls visit(address, size) for what the memory of an object's span tells of its pointers: the
  /// type in front of it, the bits at the span's end.
  template <class Visit>
  void visitOwn(ObjectRef object, Visit&& visit) const {
    const Span& span = heap_.spans()[object.span];
    const SpanDetails& details = heap_.details(object.span);
    if (heap_.scheme() != PointerScheme::headers || !span.scan || span.conservative) return;
    if (span.elementSize > kMaxInSpanBits) {
      if (!details.large) visit(span.address(object.index), kWord);
    } else {
      const std::uint64_t bits = (details.end - span.base) / kBitsPerByteOfHeap +
                                 (details.inlineMarks ? kInlineMarkBytes : 0);
      visit(details.end - bits, bits);
    }
  }

 private:
  static constexpr std::uint64_t kMaxInSpanBits = 512;  // runtime.minSizeForMallocHeader
  static constexpr std::uint64_t kInlineMarkBytes = 128;
  static constexpr std::uint64_t kBitsPerByteOfHeap = kWord * 8;

  static Addr load(const Span& span, std::uint64_t offset) {
    Addr value;
    std::memcpy(&value, span.bytes + offset, sizeof value);
    return value;
  }

  template <class Visit>
  static void visitMask(const Span& span, std::uint64_t offset, std::uint64_t mask, Visit& visit) {
    for (; mask != 0; mask &= mask - 1) {
      const std::uint64_t at = offset + static_cast<unsigned>(std::countr_zero(mask)) * kWord;
      visit(span.base + at, load(span, at));
    }
  }

  template <class Visit>
  static bool everyWord(const Span& span, std::uint64_t offset, std::uint64_t size, Visit& visit) {
    for (std::uint64_t at = offset; at + kWord <= offset + size; at += kWord) {
      visit(span.base + at, load(span, at));
    }
    return true;
  }

  /// 1.18 and 1.19: a byte speaks of four words; its low half says which are pointers, its high
  /// half where the object's pointers go on.
  template <class Visit>
  bool byNibbles(const Span& span, std::uint64_t offset, std::uint64_t size, Visit& visit) const {
    std::span<const std::byte> bitmap;
    Addr arena = ~Addr{0};
    for (std::uint64_t at = offset; at + kWord <= offset + size; at += kWord) {
      const Addr address = span.base + at;
      if (address / kArenaSize != arena) {
        arena = address / kArenaSize;
        bitmap = heap_.arenaBitmap(address);
      }
      const std::uint64_t byte = address % kArenaSize / (4 * kWord);
      if (byte >= bitmap.size()) return false;
      const unsigned bits = std::to_integer<unsigned>(bitmap[byte]) >> (address / kWord % 4);
      if ((bits & 0x10) == 0) return true;
      if ((bits & 1) != 0) visit(address, load(span, at));
    }
    return true;
  }

  template <class Visit>
  bool byArenaBits(const Span& span, std::uint64_t offset, std::uint64_t size, Visit& visit) const {
    const std::uint64_t end = offset + size;
    for (std::uint64_t at = offset; at + kWord <= end;) {
      const Addr address = span.base + at;
      const std::uint64_t word = address % kArenaSize / kWord;
      const auto bitmap = heap_.arenaBitmap(address);
      const auto noMore = heap_.arenaNoMorePointers(address);
      std::uint64_t mask = 0;
      if ((word / 64 + 1) * sizeof mask > bitmap.size() || word / 64 / 8 >= noMore.size()) {
        return false;
      }
      std::memcpy(&mask, bitmap.data() + word / 64 * sizeof mask, sizeof mask);
      mask >>= word % 64;
      const std::uint64_t count = std::min(64 - word % 64, (end - at) / kWord);
      if (count < 64) mask &= (std::uint64_t{1} << count) - 1;
      visitMask(span, at, mask, visit);
      if ((std::to_integer<unsigned>(noMore[word / 64 / 8]) >> (word / 64 % 8) & 1) != 0) {
        return true;
      }
      at += count * kWord;
    }
    return true;
  }

  /// One bit a word at the end of the span, for objects of at most 512 bytes.
  template <class Visit>
  bool bySpanBits(std::uint32_t number, std::uint64_t offset, Visit& visit) const {
    const Span& span = heap_.spans()[number];
    const SpanDetails& details = heap_.details(number);
    const std::uint64_t total = details.end - span.base;
    const std::uint64_t bytes = total / kBitsPerByteOfHeap;
    const std::uint64_t start = total - bytes - (details.inlineMarks ? kInlineMarkBytes : 0);
    const std::uint64_t word = offset / kWord;
    const std::uint64_t count = span.elementSize / kWord;  // at most 64
    // The bits of an object span at most two words of the bitmap, which ends a multiple of eight
    // bytes after its start.
    const std::byte* bitmap = span.bytes + start + word / 64 * sizeof(std::uint64_t);
    if (word / 64 * 8 + 8 > bytes) return false;
    std::uint64_t mask;
    std::memcpy(&mask, bitmap, sizeof mask);
    const unsigned shift = word % 64;
    mask >>= shift;
    if (shift + count > 64) {
      if (word / 64 * 8 + 16 > bytes) return false;
      std::uint64_t next;
      std::memcpy(&next, bitmap + sizeof next, sizeof next);
      mask |= next << (64 - shift);
    }
    if (count < 64) mask &= (std::uint64_t{1} << count) - 1;
    visitMask(span, offset, mask, visit);
    return true;
  }

  /// The type stands in front of the object, or for a large one in its mspan; the object is an
  /// array of values of that type.
  template <class Visit>
  bool byType(std::uint32_t number, std::uint64_t offset, std::uint64_t size, Visit& visit) const {
    const Span& span = heap_.spans()[number];
    const SpanDetails& details = heap_.details(number);
    const std::uint64_t end = offset + size;
    Addr type = details.largeType;
    if (!details.large) {
      if (size < kWord) return false;  // the span ends inside of it
      type = load(span, offset);
      offset += kWord;
    }
    if (type == 0) return true;  // allocated, and not yet initialised
    const TypeMask& mask = types_.of(type);
    if (!mask.known) return false;
    if (mask.pointerWords == 0) return true;
    const std::uint64_t pointerBytes = mask.pointerWords * kWord;
    for (; pointerBytes <= end - offset; offset += mask.size) {
      for (std::size_t group = 0; group * 64 < mask.pointerWords; ++group) {
        std::uint64_t bits = 0;
        const std::size_t left = mask.mask.size() - group * sizeof bits;
        std::memcpy(&bits, mask.mask.data() + group * sizeof bits, std::min(left, sizeof bits));
        const std::uint64_t words = mask.pointerWords - group * 64;
        if (words < 64) bits &= (std::uint64_t{1} << words) - 1;
        visitMask(span, offset + group * 64 * kWord, bits, visit);
      }
      if (mask.size > end - offset) break;
    }
    return true;
  }

  const Heap& heap_;
  TypeMasks& types_;
};

}  // namespace parked::heap
