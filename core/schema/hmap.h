// runtime.hmap: a map up to 1.23, and later with the experiment noswissmap. Mirrors runtime/map.go
// and runtime/map_noswiss.go, Go 1.18 to 1.27.
#pragma once

#include <cstdint>

#include "image/layout.h"

namespace parked::schema {

/// Entries of a bucket, and of a group of the maps since 1.24.
inline constexpr std::uint64_t kMapSlots = 8;
/// Smaller values of a bucket's hashes say why a slot holds nothing (minTopHash).
inline constexpr std::uint8_t kMinTopHash = 5;
/// Of hmap.flags: the map grows into as many buckets as it has.
inline constexpr std::uint8_t kSameSizeGrow = 8;

struct HmapLayout {
  std::uint32_t size = 0;  ///< 0: the target has no such type
  image::Field<std::int64_t> count;
  image::Field<std::uint8_t> flags, bits;  ///< bits: 2^bits buckets
  image::Field<Addr> buckets, oldBuckets;

  bool known() const { return count && flags && bits && buckets && oldBuckets; }

  static HmapLayout of(image::LayoutSource& source);
};

}  // namespace parked::schema
