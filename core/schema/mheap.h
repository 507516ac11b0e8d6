// runtime.mheap: the list of all spans, and the arenas that say which span a page belongs to.
// Mirrors runtime/mheap.go (mheap, heapArena, arenaIndex), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "image/layout.h"
#include "schema/mspan.h"
#include "target/target.h"

namespace parked::schema {

inline constexpr std::uint64_t kArenaSize = 64 << 20;  // runtime.heapArenaBytes, 64-bit Linux
inline constexpr std::uint64_t kPagesPerArena = kArenaSize / kPageSize;
inline constexpr std::uint64_t kArenas = 1 << 22;  // of a 48-bit address space
inline constexpr Addr kEndOfArenas = kArenas * kArenaSize;
inline constexpr std::uint64_t kMostSpans = 1 << 28;  // 2 TiB of smallest spans

struct MheapLayout {
  static constexpr std::uint32_t kAbsent = image::Field<Addr>::kAbsent;
  std::uint32_t allSpans = kAbsent, arenas = kAbsent, sweepGeneration = kAbsent;
  image::Field<std::uint64_t> pagesInUse;

  /// To `missing` go the names of fields that no walker of the heap can do without.
  static MheapLayout of(image::LayoutSource& source, std::vector<std::string>& missing);
};

/// runtime.heapArena
struct ArenaLayout {
  static constexpr std::uint32_t kAbsent = image::Field<Addr>::kAbsent;
  std::uint32_t spans = kAbsent;
  std::uint32_t bitmap = kAbsent;          ///< of pointers, up to 1.21
  std::uint32_t noMorePointers = kAbsent;  ///< 1.20 and 1.21
  std::uint32_t inlineMarks = kAbsent;     ///< of pages whose span has its marks inside (Green Tea)

  static ArenaLayout of(image::LayoutSource& source, std::vector<std::string>& missing);
};

/// The list mheap.allspans.
class SpanList {
 public:
  /// Errors: unreadable, badFormat.
  static Result<SpanList> read(target::AddressSpace& memory, const MheapLayout& layout, Addr mheap);

  std::size_t size() const { return pointers_.size() / sizeof(Addr); }
  /// Address of an mspan.
  Addr operator[](std::size_t number) const;

 private:
  std::span<const std::byte> pointers_;
};

/// Where the table that mheap.arenas[0] points to has the arena of `address`: bytes from its start.
std::uint64_t arenaEntry(const target::Architecture& arch, Addr address);

}  // namespace parked::schema
