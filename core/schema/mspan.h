// runtime.mspan: pages of the heap. Mirrors runtime/mheap.go, Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/layout.h"

namespace parked::schema {

inline constexpr std::uint64_t kPageSize = 8192;  // runtime._PageSize

/// mspan.state; others are free.
inline constexpr std::uint8_t kSpanInUse = 1;   ///< has objects (mSpanInUse)
inline constexpr std::uint8_t kSpanManual = 2;  ///< of the runtime's own: stacks (mSpanManual)
inline constexpr std::uint8_t kLastSpanState = kSpanManual;

struct MspanLayout {
  std::uint32_t size = 0;
  image::Field<Addr> startAddr, limit, allocBits, markBits, largeType, specials, pinnerBits;
  image::Field<std::uint64_t> pages, elementSize;
  image::Field<std::uint64_t> objects64, freeIndex64;  ///< uintptr up to 1.21
  image::Field<std::uint16_t> objects16, freeIndex16;
  image::Field<std::uint8_t> state, spanClass, userArena;
  image::Field<std::uint32_t> sweepGeneration;

  /// To `missing` go the names of fields that no walker of the heap can do without.
  static MspanLayout of(image::LayoutSource& source, std::vector<std::string>& missing);
  static MspanLayout of(image::LayoutSource& source);

  std::uint64_t objectsOf(const image::Object& mspan) const {
    return objects16 ? mspan[objects16] : mspan[objects64];
  }
  std::uint64_t freeIndexOf(const image::Object& mspan) const {
    return freeIndex16 ? mspan[freeIndex16] : mspan[freeIndex64];
  }
  /// Its objects may hold pointers: the lowest bit of the span class says that they do not.
  bool hasPointers(const image::Object& mspan) const { return (mspan[spanClass] & 1) == 0; }
  /// It has one object, larger than any size class: class 0.
  bool isLarge(const image::Object& mspan) const { return mspan[spanClass] >> 1 == 0; }
};

}  // namespace parked::schema
