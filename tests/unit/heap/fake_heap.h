// A Go heap made of bytes, in any of the three pointer schemes.
#pragma once

#include <memory>
#include <vector>

#include "golang/synthetic.h"
#include "heap/heap.h"

namespace parked::test {

inline constexpr Addr kHeap = 0xc000000000;  ///< first page of the heap's one arena

class FakeHeap {
 public:
  explicit FakeHeap(heap::PointerScheme scheme);

  struct SpanSpec {
    Addr base = kHeap;
    std::uint64_t pages = 1;
    std::uint64_t elementSize = 64;
    std::uint16_t objects = 0;    ///< 0: as many as fit in front of the bitmap
    std::uint16_t freeIndex = 0;  ///< 0: all are in use
    bool scan = true;
    bool large = false;
    bool inlineMarks = false;
    Addr largeType = 0;
    std::uint64_t limit = 0;  ///< 0: behind the last object
  };
  /// Adds a span and maps its pages, unless they are. Returns the address of its mspan.
  Addr add(const SpanSpec& spec);
  /// Says that the word is a pointer, in the scheme's way, and writes it. Of a span with type
  /// headers only writes it.
  void pointer(const SpanSpec& spec, Addr word, Addr value);
  /// Ties a finalizer to the object at `offset` of the span.
  void finalizer(Addr mspan, std::uint16_t offset, Addr function);
  /// Sets the mark of an object in mspan.gcmarkBits.
  void markByCollector(Addr mspan, std::uint32_t object);
  /// A type descriptor of `size` bytes whose first words, as `mask` says, are pointers.
  Addr type(std::uint64_t size, std::uint64_t pointerBytes, std::uint64_t mask);

  Result<std::unique_ptr<heap::Heap>> open();
  /// Leaves the span added last out of the list.
  void forgetLast();
  SyntheticTarget& target() { return target_; }
  image::Image& image();
  /// Offset of mspan.state and others, for tests that damage them.
  static constexpr Addr kNelems = 56, kLimit = 16, kPages = 8, kStart = 0, kState = 32,
                        kSweepGeneration = 88;
  static constexpr std::uint32_t kSwept = 8;  ///< the generation of the heap and of each span

 private:
  heap::PointerScheme scheme_;
  SyntheticTarget target_;
  std::unique_ptr<image::Image> image_;
  std::vector<Addr> spans_;
  Addr nextType_;
  std::uint64_t specials_ = 0;
  std::vector<std::pair<Addr, Addr>> mapped_;
};

}  // namespace parked::test
