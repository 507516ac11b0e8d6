// The heap and what the runtime allocates for itself: runtime/mheap.go, runtime/mfinal.go,
// runtime/mcleanup.go, runtime/mstats.go, runtime/malloc.go, runtime/netpoll.go.
#include <algorithm>
#include <string>
#include <vector>

#include "arch/architecture.h"
#include "schema/finalizers.h"
#include "schema/global_finders.h"
#include "schema/mheap.h"
#include "schema/mspan.h"
#include "schema/mstats.h"
#include "schema/poll_desc.h"

namespace parked::schema {

namespace {

constexpr std::uint64_t kSystemPage = 4096;
constexpr std::size_t kLookedSpans = 200;  // spans that are looked at

/// Runtime.mheap_ has a list of spans; the arena that a span lies in must name it, too. It does so
/// only after the span is in use: of those that are being allocated, it may not yet.
class Mheap {
 public:
  explicit Mheap(const GlobalSearch& search)
      : memory_(search.memory()),
        arch_(search.target.arch()),
        heap_(MheapLayout::of(search.layouts, missing_)),
        arena_(ArenaLayout::of(search.layouts, missing_)),
        span_(MspanLayout::of(search.layouts)) {
    known_ = heap_.allSpans != image::kAbsent && heap_.arenas != image::kAbsent &&
             arena_.spans != image::kAbsent && span_.startAddr && span_.pages && span_.state;
  }

  std::uint32_t allSpansOffset() const { return heap_.allSpans; }

  bool operator()(Addr address) const {
    SliceHeader slice;
    Addr table = 0;
    if (!known_ || !peek(memory_, address + heap_.allSpans, slice) || !isPointer(slice.data) ||
        slice.length == 0 || slice.length > slice.capacity || slice.length > kMostSpans ||
        !peek(memory_, address + heap_.arenas, table) || !isPointer(table)) {
      return false;
    }
    const std::uint64_t step = std::max<std::uint64_t>(1, slice.length / kLookedSpans);
    std::size_t confirmed = 0, others = 0;
    for (std::uint64_t i = 0; i < slice.length; i += step) {
      Addr span = 0, start = 0;
      std::uint64_t pages = 0;
      std::uint8_t state = 0;
      if (!peek(memory_, slice.data + i * kWord, span) || !isPointer(span) ||
          !peek(memory_, span + span_.state.offset, state) || state > kLastSpanState ||
          !peek(memory_, span + span_.startAddr.offset, start) || start % kPageSize != 0 ||
          !peek(memory_, span + span_.pages.offset, pages)) {
        return false;
      }
      if (state != kSpanInUse || pages == 0) continue;
      Addr at = 0, back = 0;
      if (!peek(memory_, table + arenaEntry(arch_, start), at) || !isPointer(at) ||
          !peek(memory_, at + arena_.spans + start / kPageSize % kPagesPerArena * kWord, back)) {
        return false;
      }
      ++(back == span ? confirmed : others);
    }
    return confirmed != 0 && others * 20 <= confirmed;
  }

 private:
  target::AddressSpace& memory_;
  const target::Architecture& arch_;
  std::vector<std::string> missing_;
  MheapLayout heap_;
  ArenaLayout arena_;
  MspanLayout span_;
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
  const BlockLayout block = BlockLayout::ofFinalizers(search.layouts);
  if (!block.link) return std::nullopt;
  // Allfin, finc, finq; and since 1.25 the number of those that are queued, which is incremented.
  constexpr std::size_t kLists = 3;
  std::size_t others = block.queuedAreCounted && search.target.arch().loadStore ? 1 : 0;
  auto refs = search.refs("runtime.queuefinalizer",
                          [](const CodeRef& r) { return r.store && r.width == kWord; });
  if (refs.size() != kLists + others) {
    // Position-independent code of Go 1.18 may keep their addresses in registers: then only what
    // reads is seen of some.
    refs = search.refs("runtime.queuefinalizer",
                       [](const CodeRef& r) { return !r.address && r.width == kWord; });
  }
  if (refs.size() != kLists + others) return std::nullopt;
  std::vector<Addr> heads, all;
  Addr found = refs.front();
  for (const Addr ref : refs) {
    Addr head = 0;
    if (!peek(search.memory(), ref, head)) return std::nullopt;
    const BlockList list = blocksFrom(search.memory(), head, block.link.offset, kWord);
    if (!list.sound) {
      if (others-- == 0) return std::nullopt;
      continue;
    }
    heads.push_back(head);
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
  const image::Field<Addr> all = CleanupQueueLayout::of(search.layouts).all;
  const image::Field<Addr> link = BlockLayout::ofCleanups(search.layouts).link;
  if (!all || !link) return std::nullopt;
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
  const MstatsLayout stats = MstatsLayout::of(search.layouts);
  if (!stats.lastGcUnix || !stats.numGc || !stats.pauseEnd) return std::nullopt;
  auto& memory = search.memory();
  return GlobalSearch::only(GlobalSearch::passing(
      search.refs("runtime.gcMarkTermination"), stats.lastGcUnix.offset, [&](Addr address) {
        // Of histograms that lie near by small numbers may be equal in the same way.
        constexpr std::uint64_t kRing = 256, kLeastTime = std::uint64_t{1} << 40;
        std::uint64_t end = 0, noted = 0;
        std::uint32_t count = 0;
        return peek(memory, address + stats.lastGcUnix.offset, end) && end >= kLeastTime &&
               peek(memory, address + stats.numGc.offset, count) && count != 0 &&
               peek(memory, address + stats.pauseEnd.offset + (count - 1) % kRing * kWord, noted) &&
               noted == end;
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
  const image::Field<Addr> first = PollCacheLayout::of(search.layouts).first;
  const image::Field<Addr> self = PollDescLayout::of(search.layouts).self;
  if (!first || !self) return std::nullopt;
  const auto takes = [](const CodeRef& ref) { return ref.address; };
  auto& memory = search.memory();
  return GlobalSearch::only(GlobalSearch::passing(
      search.refs("internal/poll.runtime_pollOpen", takes), 0, [&](Addr address) {
        Addr free = 0, back = 0;
        return peek(memory, address + first.offset, free) &&
               (free == 0 || (peek(memory, free + self.offset, back) && back == free));
      }));
}

}  // namespace parked::schema
