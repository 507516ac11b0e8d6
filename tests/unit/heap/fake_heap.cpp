#include "heap/fake_heap.h"

namespace parked::test {

using heap::PointerScheme;

namespace {

constexpr Addr kMheap = 0x600000, kList = 0x610000, kSpans = 0x620000, kAllocBits = 0x640000,
               kMarkBits = 0x641000, kTypes = 0x650000, kSpecials = 0x670000,
               kFinalizers = 0x680000, kArena = 0x10000000, kTable = 0x20000000;
constexpr std::uint64_t kSpanSize = 96, kMaxSpans = 64;
constexpr std::uint64_t kBitmap = 65536, kNoMore = kBitmap + (2 << 20), kInline = kNoMore + 16384,
                        kArenaStruct = kInline + 1024;
constexpr std::uint64_t kArenaIndex = (kHeap + 0x800000000000) / heap::kArenaSize;

std::unique_ptr<SyntheticLayouts> layouts(PointerScheme scheme) {
  auto all = std::make_unique<SyntheticLayouts>();
  all->add("runtime.mspan", kSpanSize,
           {{"startAddr", 0, 8, ""},
            {"npages", 8, 8, ""},
            {"limit", 16, 8, ""},
            {"elemsize", 24, 8, ""},
            {"state", 32, 1, ""},
            {"spanclass", 33, 1, ""},
            {"allocBits", 40, 8, ""},
            {"specials", 48, 8, ""},
            {"nelems", 56, 2, ""},
            {"freeindex", 58, 2, ""},
            {"largeType", 64, 8, ""},
            {"pinnerBits", 72, 8, ""},
            {"gcmarkBits", 80, 8, ""},
            {"sweepgen", 88, 4, ""}});
  std::vector<image::FieldLayout> arena{{"spans", 0, 65536, ""}};
  if (scheme != PointerScheme::headers) arena.push_back({"bitmap", kBitmap, 2 << 20, ""});
  if (scheme == PointerScheme::arenaBits) arena.push_back({"noMorePtrs", kNoMore, 16384, ""});
  if (scheme == PointerScheme::headers) {
    arena.push_back({"pageUseSpanInlineMarkBits", kInline, 1024, ""});
  }
  all->add("runtime.heapArena", kArenaStruct, std::move(arena));
  if (scheme == PointerScheme::headers) {
    all->add("runtime.spanInlineMarkBits", 128, {{"marks", 64, 63, ""}});
  }
  all->add("runtime.mheap", 40,
           {{"allspans", 0, 24, ""}, {"arenas", 24, 8, ""}, {"sweepgen", 32, 4, ""}});
  all->add("internal/abi.Type", 48,
           {{"Size_", 0, 8, ""},
            {"PtrBytes", 8, 8, ""},
            {"TFlag", 20, 1, ""},
            {"Kind_", 23, 1, ""},
            {"GCData", 32, 8, ""},
            {"Str", 40, 4, ""}});
  all->add("runtime.special", 16, {{"next", 0, 8, ""}, {"offset", 8, 2, ""}, {"kind", 10, 1, ""}});
  all->add("runtime.specialfinalizer", 48, {{"fn", 16, 8, ""}});
  all->addConstant("runtime._KindSpecialFinalizer", 1);
  all->add("runtime.finblock", 4096,
           {{"alllink", 0, 8, ""}, {"cnt", 16, 4, ""}, {"fin", 24, 4040, ""}});
  all->add("runtime.finalizer", 40, {});
  return all;
}

}  // namespace

FakeHeap::FakeHeap(PointerScheme scheme) : scheme_(scheme), nextType_(kTypes) {
  target_.map(kMheap, 4096);
  target_.map(kList, 4096);
  target_.map(kSpans, kSpanSize * kMaxSpans);
  target_.map(kAllocBits, 4096);
  target_.map(kMarkBits, 128 * kMaxSpans);
  target_.map(kTypes, 65536);
  target_.map(kSpecials, 4096);
  target_.map(kFinalizers, 8192);
  target_.map(kArena, kArenaStruct);
  target_.map(kTable + kArenaIndex * 8 / 4096 * 4096, 8192);
  target_.put(kMheap, kList);
  target_.put(kMheap + 24, kTable);
  target_.put(kMheap + 32, kSwept);
  target_.put(kTable + kArenaIndex * 8, kArena);
}

Addr FakeHeap::add(const SpanSpec& spec) {
  const Addr mspan = kSpans + spans_.size() * kSpanSize;
  std::uint64_t objects = spec.objects;
  if (objects == 0) {
    std::uint64_t bytes = spec.pages * heap::kPageSize;
    if (scheme_ == PointerScheme::headers && spec.elementSize <= 512 && spec.scan) {
      bytes -= bytes / 64 + (spec.inlineMarks ? 128 : 0);
    }
    objects = bytes / spec.elementSize;
  }
  target_.put(mspan, spec.base);
  target_.put(mspan + kPages, spec.pages);
  target_.put(mspan + kLimit,
              spec.limit != 0 ? spec.limit : spec.base + objects * spec.elementSize);
  target_.put(mspan + 24, spec.elementSize);
  target_.put(mspan + kState, std::uint8_t{1});
  target_.put(mspan + 33,
              static_cast<std::uint8_t>((spec.large ? 0 : 5 << 1) | (spec.scan ? 0 : 1)));
  target_.put(mspan + 40, kAllocBits);
  target_.put(mspan + kNelems, static_cast<std::uint16_t>(objects));
  target_.put(mspan + 58,
              spec.freeIndex != 0 ? spec.freeIndex : static_cast<std::uint16_t>(objects));
  target_.put(mspan + 64, spec.largeType);
  target_.put(mspan + 80, kMarkBits + spans_.size() * 128);
  target_.put(mspan + kSweepGeneration, kSwept);
  const std::uint64_t page = spec.base / heap::kPageSize % heap::kPagesPerArena;
  for (std::uint64_t i = 0; i < spec.pages; ++i) target_.put(kArena + (page + i) * 8, mspan);
  if (spec.inlineMarks) {
    target_.put(kArena + kInline + page / 8, static_cast<std::uint8_t>(1 << (page % 8)));
  }
  bool isMapped = false;
  for (const auto& [start, end] : mapped_) isMapped |= spec.base >= start && spec.base < end;
  if (!isMapped) {
    target_.map(spec.base, spec.pages * heap::kPageSize);
    mapped_.emplace_back(spec.base, spec.base + spec.pages * heap::kPageSize);
  }
  target_.put(kList + spans_.size() * 8, mspan);
  spans_.push_back(mspan);
  target_.put(kMheap + 8, static_cast<std::uint64_t>(spans_.size()));
  return mspan;
}

void FakeHeap::markByCollector(Addr mspan, std::uint32_t object) {
  Addr bits = 0;
  target_.memory().read(mspan + 80, bits);
  std::uint8_t byte = 0;
  target_.memory().read(bits + object / 8, byte);
  target_.put(bits + object / 8, static_cast<std::uint8_t>(byte | 1U << (object % 8)));
}

void FakeHeap::forgetLast() {
  target_.put(kMheap + 8, static_cast<std::uint64_t>(spans_.size() - 1));
}

void FakeHeap::pointer(const SpanSpec& spec, Addr word, Addr value) {
  target_.put(word, value);
  const auto orByte = [&](Addr at, unsigned bits) {
    std::uint8_t byte = 0;
    target_.memory().read(at, byte);
    target_.put(at, static_cast<std::uint8_t>(byte | bits));
  };
  const std::uint64_t number = word % heap::kArenaSize / 8;
  switch (scheme_) {
    case PointerScheme::arenaNibbles:
      // The high bits say that the object goes on; of all words up to this one.
      for (Addr at = spec.base + (word - spec.base) / spec.elementSize * spec.elementSize;
           at <= word; at += 8) {
        orByte(kArena + kBitmap + at % heap::kArenaSize / 32, 0x10U << (at / 8 % 4));
      }
      orByte(kArena + kBitmap + number / 4, 1U << (number % 4));
      break;
    case PointerScheme::arenaBits:
      orByte(kArena + kBitmap + number / 8, 1U << (number % 8));
      break;
    case PointerScheme::headers: {
      if (spec.elementSize > 512) break;
      const std::uint64_t bytes = spec.pages * heap::kPageSize;
      const Addr bits = spec.base + bytes - bytes / 64 - (spec.inlineMarks ? 128 : 0);
      const std::uint64_t at = (word - spec.base) / 8;
      orByte(bits + at / 8, 1U << (at % 8));
      break;
    }
  }
}

void FakeHeap::finalizer(Addr mspan, std::uint16_t offset, Addr function) {
  const Addr special = kSpecials + specials_++ * 64;
  Addr first = 0;
  target_.memory().read(mspan + 48, first);
  target_.put(special, first);
  target_.put(special + 8, offset);
  target_.put(special + 10, std::uint8_t{1});
  target_.put(special + 16, function);
  target_.put(mspan + 48, special);
}

Addr FakeHeap::type(std::uint64_t size, std::uint64_t pointerBytes, std::uint64_t mask) {
  const Addr descriptor = nextType_;
  nextType_ += 64;
  target_.put(descriptor, size);
  target_.put(descriptor + 8, pointerBytes);
  target_.put(descriptor + 32, descriptor + 48);
  target_.put(descriptor + 48, mask);
  return descriptor;
}

image::Image& FakeHeap::image() {
  if (image_ == nullptr) {
    image::Image::Parts parts;
    parts.build.version.minor = 22;
    parts.layouts = layouts(scheme_);
    parts.functions = makeFunctions(target_, {{.name = "runtime.goexit", .top = true}});
    parts.symbols["runtime.mheap_"] = kMheap;
    parts.symbols["runtime.allfin"] = kFinalizers;  // nil: no finalizer is queued
    image_ = image::Image::assemble(target_, std::move(parts));
  }
  return *image_;
}

Result<std::unique_ptr<heap::Heap>> FakeHeap::open() { return heap::Heap::open(image(), nullptr); }

}  // namespace parked::test
