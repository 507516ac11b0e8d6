// The heap and what the runtime allocates for itself: runtime/mheap.go, runtime/mfinal.go,
// runtime/mcleanup.go, runtime/mstats.go, runtime/malloc.go, runtime/netpoll.go.
#include <algorithm>
#include <string>
#include <vector>

#include "image/global_search.h"
#include "image/global_shapes.h"

namespace parked::image {

namespace {

constexpr std::uint64_t kWord = 8, kPage = 8192, kSystemPage = 4096;
constexpr std::uint64_t kArenaSize = 64 << 20, kPagesPerArena = kArenaSize / kPage;
constexpr std::uint64_t kMostSpans = 1 << 28;
constexpr std::size_t kLooked = 200;  // spans that are looked at
constexpr std::size_t kMostBlocks = 1 << 20;

/// Runtime.mheap_ has a list of spans; the arena that a span lies in must name it, too. It does so
/// only after the span is in use: of those that are being allocated, it may not yet.
class Mheap {
 public:
  explicit Mheap(const GlobalSearch& search) : memory_(search.memory()) {
    arenaBase_ = search.target.arch() == target::Arch::amd64 ? 0x800000000000U : 0;
    std::vector<std::string> missing;
    Binder heap(search.layouts, "runtime.mheap", missing);
    allSpans_ = heap.offsetOf("allspans", true);
    arenas_ = heap.offsetOf("arenas", true);
    Binder arena(search.layouts, "runtime.heapArena", missing);
    spans_ = arena.offsetOf("spans", true);
    Binder span(search.layouts, "runtime.mspan", missing);
    span.required(start_, "startAddr");
    span.required(pages_, "npages");
    span.required(state_, "state");
    known_ = missing.empty();
  }

  std::uint32_t allSpansOffset() const { return allSpans_; }

  bool operator()(Addr address) const {
    SliceHeader slice;
    Addr table = 0;
    if (!known_ || !peek(memory_, address + allSpans_, slice) || !isPointer(slice.data) ||
        slice.length == 0 || slice.length > slice.capacity || slice.length > kMostSpans ||
        !peek(memory_, address + arenas_, table) || !isPointer(table)) {
      return false;
    }
    const std::uint64_t step = std::max<std::uint64_t>(1, slice.length / kLooked);
    std::size_t confirmed = 0, others = 0;
    for (std::uint64_t i = 0; i < slice.length; i += step) {
      constexpr std::uint8_t kInUse = 1, kLastState = 2;
      Addr span = 0, start = 0;
      std::uint64_t pages = 0;
      std::uint8_t state = 0;
      if (!peek(memory_, slice.data + i * kWord, span) || !isPointer(span) ||
          !peek(memory_, span + state_.offset, state) || state > kLastState ||
          !peek(memory_, span + start_.offset, start) || start % kPage != 0 ||
          !peek(memory_, span + pages_.offset, pages)) {
        return false;
      }
      if (state != kInUse || pages == 0) continue;
      const std::uint64_t arena =
          ((start + arenaBase_) & ((std::uint64_t{1} << 48) - 1)) / kArenaSize;
      Addr at = 0, back = 0;
      if (!peek(memory_, table + arena * kWord, at) || !isPointer(at) ||
          !peek(memory_, at + spans_ + start / kPage % kPagesPerArena * kWord, back)) {
        return false;
      }
      ++(back == span ? confirmed : others);
    }
    return confirmed != 0 && others * 20 <= confirmed;
  }

 private:
  target::AddressSpace& memory_;
  Addr arenaBase_ = 0;
  std::uint32_t allSpans_ = 0, arenas_ = 0, spans_ = 0;
  Field<Addr> start_;
  Field<std::uint64_t> pages_;
  Field<std::uint8_t> state_;
  bool known_ = false;
};

/// A list of blocks that the runtime has allocated outside of its heap.
struct BlockList {
  bool sound = false;
  std::vector<Addr> blocks;
};

BlockList blocksFrom(target::AddressSpace& memory, Addr head, std::uint32_t link,
                     std::uint64_t alignment) {
  BlockList list;
  for (Addr at = head; at != 0;) {
    if (at % alignment != 0 || list.blocks.size() >= kMostBlocks || !memory.contains(at)) {
      return list;
    }
    list.blocks.push_back(at);
    if (!peek(memory, at + link, at)) return list;
    if (at == list.blocks.back()) return list;
  }
  list.sound = true;
  return list;
}

}  // namespace

std::optional<Addr> findMheap(const GlobalSearch& search) {
  const Mheap mheap(search);
  const auto refs = search.refs("runtime.mallocinit", [](const CodeRef& r) { return r.address; });
  if (const auto found = GlobalSearch::only(GlobalSearch::passing(refs, 0, mheap))) return found;
  const auto slices = search.scan([&](Addr at) { return mheap(at - mheap.allSpansOffset()); });
  const auto slice = GlobalSearch::only(slices);
  return slice ? std::optional(*slice - mheap.allSpansOffset()) : std::nullopt;
}

/// Of the three lists of blocks that queuefinalizer stores to, allfin is the one that has all
/// blocks: the others' heads are in it.
std::optional<Addr> findAllfin(const GlobalSearch& search) {
  const bool renamed = search.layouts.find("runtime.finBlock") != nullptr;  // since 1.25
  std::vector<std::string> missing;
  Binder block(search.layouts, renamed ? "runtime.finBlock" : "runtime.finblock", missing);
  Field<Addr> link;
  block.required(link, "alllink");
  if (!missing.empty()) return std::nullopt;
  constexpr std::size_t kLists = 3;  // allfin, finc, finq
  const auto refs = search.refs("runtime.queuefinalizer",
                                [](const CodeRef& r) { return r.store && r.width == kWord; });
  if (refs.size() != kLists) return std::nullopt;
  std::vector<Addr> heads, all;
  Addr found = refs.front();
  for (const Addr ref : refs) {
    Addr head = 0;
    if (!peek(search.memory(), ref, head)) return std::nullopt;
    heads.push_back(head);
    const BlockList list = blocksFrom(search.memory(), head, link.offset, kWord);
    if (!list.sound) return std::nullopt;
    if (list.blocks.size() > all.size()) {
      all = list.blocks;
      found = ref;
    }
  }
  for (const Addr head : heads) {
    if (head != 0 && std::ranges::find(all, head) == all.end()) return std::nullopt;
  }
  return found;
}

/// Runtime.fingRunning, up to 1.19: runfinq sets it, isSystemGoroutine reads it.
std::optional<Addr> findFinalizerRuns(const GlobalSearch& search) {
  const auto reads = search.refs("runtime.isSystemGoroutine",
                                 [](const CodeRef& r) { return !r.store && r.width == 1; });
  const auto sets =
      search.refs("runtime.runfinq", [](const CodeRef& r) { return r.store && r.width == 1; });
  return GlobalSearch::only(GlobalSearch::passing(sets, 0, [&](Addr address) {
    std::uint8_t value = 0;
    return std::ranges::find(reads, address) != reads.end() &&
           peek(search.memory(), address, value) && value <= 1;
  }));
}

/// Runtime.fingStatus, since 1.20: all that createfing looks at. A set of four flags.
std::optional<Addr> findFinalizerStatus(const GlobalSearch& search) {
  return GlobalSearch::only(
      GlobalSearch::passing(search.refs("runtime.createfing"), 0, [&](Addr address) {
        constexpr std::uint32_t kAllFlags = 15, kCreated = 1;
        std::uint32_t value = 0;
        return peek(search.memory(), address, value) && value <= kAllFlags &&
               (value == 0 || (value & kCreated) != 0);
      }));
}

/// Runtime.gcCleanups: the address that both findRunnable and freeSpecial take (1.25 and later).
std::optional<Addr> findCleanups(const GlobalSearch& search) {
  std::vector<std::string> missing;
  Binder queue(search.layouts, "runtime.cleanupQueue", missing);
  Binder block(search.layouts, "runtime.cleanupBlock", missing);
  Field<Addr> all, link;
  queue.required(all, "all.value");
  block.required(link, "cleanupBlockHeader.alllink");
  if (!missing.empty()) return std::nullopt;
  const auto takes = [](const CodeRef& ref) { return ref.address; };
  const auto frees = search.refs("runtime.freeSpecial", takes);
  return GlobalSearch::only(
      GlobalSearch::passing(search.refs("runtime.findRunnable", takes), 0, [&](Addr address) {
        if (std::ranges::find(frees, address) == frees.end()) return false;
        Addr at = 0;
        if (!peek(search.memory(), address + all.offset, at)) return false;
        for (std::size_t count = 0; at != 0; ++count) {
          if (count >= kMostBlocks || !isPointer(at) ||
              !peek(search.memory(), at + link.offset, at)) {
            return false;
          }
        }
        return true;
      }));
}

/// Runtime.memstats notes the end of the last collection twice. Before the first one there is
/// nothing to find, and nothing to read.
std::optional<Addr> findMemstats(const GlobalSearch& search) {
  std::vector<std::string> missing;
  Binder stats(search.layouts, "runtime.mstats", missing);
  Field<std::uint64_t> lastEnd;
  Field<std::uint32_t> collections;
  stats.required(lastEnd, "last_gc_unix");
  stats.required(collections, "numgc");
  const std::uint32_t ends = stats.offsetOf("pause_end", true);
  if (!missing.empty()) return std::nullopt;
  auto& memory = search.memory();
  return GlobalSearch::only(GlobalSearch::passing(
      search.refs("runtime.gcMarkTermination"), lastEnd.offset, [&](Addr address) {
        constexpr std::uint64_t kRing = 256;
        std::uint64_t end = 0, noted = 0;
        std::uint32_t count = 0;
        return peek(memory, address + lastEnd.offset, end) && end != 0 &&
               peek(memory, address + collections.offset, count) && count != 0 &&
               peek(memory, address + ends + (count - 1) % kRing * kWord, noted) && noted == end;
      }));
}

/// Runtime.gcphase: queuefinalizer compares it; what allgadd compares is the write barrier's flag.
std::optional<Addr> findGcPhase(const GlobalSearch& search) {
  const auto compares = [](const CodeRef& r) { return !r.address && !r.store && r.width == 4; };
  const auto others = search.refs("runtime.allgadd");
  return GlobalSearch::only(
      GlobalSearch::passing(search.refs("runtime.queuefinalizer", compares), 0, [&](Addr address) {
        constexpr std::uint32_t kLastPhase = 2;
        std::uint32_t phase = 0;
        return std::ranges::find(others, address) == others.end() &&
               peek(search.memory(), address, phase) && phase <= kLastPhase;
      }));
}

/// Runtime.persistentChunks is the head of the list of all chunks; that of which persistentalloc1
/// still has some left may be an older one.
std::optional<Addr> findPersistentChunks(const GlobalSearch& search) {
  std::size_t most = 0;
  std::optional<Addr> found;
  for (const Addr ref : search.refs("runtime.persistentalloc1")) {
    Addr head = 0;
    if (!peek(search.memory(), ref, head) || head == 0) continue;
    const BlockList list = blocksFrom(search.memory(), head, 0, kSystemPage);
    if (!list.sound || list.blocks.size() <= most) continue;
    most = list.blocks.size();
    found = ref;
  }
  return found;
}

/// Runtime.pollcache has a list of free descriptors; those point to themselves.
std::optional<Addr> findPollcache(const GlobalSearch& search) {
  std::vector<std::string> missing;
  Binder cache(search.layouts, "runtime.pollCache", missing);
  Field<Addr> first, self;
  cache.required(first, "first");
  Binder descriptor(search.layouts, "runtime.pollDesc", missing);
  descriptor.required(self, "self");
  if (!missing.empty()) return std::nullopt;
  const auto takes = [](const CodeRef& ref) { return ref.address; };
  auto& memory = search.memory();
  return GlobalSearch::only(GlobalSearch::passing(
      search.refs("internal/poll.runtime_pollOpen", takes), 0, [&](Addr address) {
        Addr free = 0, back = 0;
        return peek(memory, address + first.offset, free) &&
               (free == 0 || (peek(memory, free + self.offset, back) && back == free));
      }));
}

}  // namespace parked::image
