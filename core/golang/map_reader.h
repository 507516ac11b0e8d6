// Visits the entries of Go maps. Mirrors runtime/map.go (hmap; up to 1.23, and noswissmap) and
// internal/runtime/maps (Map, table, groups of eight slots; since 1.24), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "image/image.h"
#include "image/runtime_types.h"
#include "schema/hmap.h"

namespace parked::golang {

enum class MapState : std::uint8_t {
  complete,  ///< every entry was visited
  unstable,  ///< somebody was writing to it: entries may be missing or told twice
  damaged,   ///< a part is not readable or makes no sense
};

/// Reads each map of a program once: so that damaged ones, which may all lead to the same memory,
/// do not take for ever, it ends when it was given far more than memory holds.
class MapReader {
 public:
  explicit MapReader(image::Image& image);

  /// Addresses of a key and of its element.
  using Visit = std::function<void(Addr key, Addr element)>;
  /// Visits the entries of the map whose header is at `header` (what a map variable holds; 0 is an
  /// empty map). `type` is its map type.
  MapState visit(Addr header, const image::RuntimeType& type, const Visit& visit) const;
  /// Number of entries as the header has it; 0 if it is not readable.
  std::uint64_t count(Addr header) const;

 private:
  bool readGroup(Addr group, const image::MapShape& shape, const Visit& visit) const;
  MapState visitSwiss(Addr header, const image::MapShape& shape, const Visit& visit) const;
  MapState visitBuckets(Addr header, const image::MapShape& shape, const Visit& visit) const;
  bool readBuckets(Addr array, std::uint64_t count, const image::MapShape& shape, bool old,
                   const std::function<bool()>& mayGoOn, const Visit& visit) const;
  std::uint64_t mostGroups(const image::MapShape& shape) const;
  std::span<const std::byte> groupAt(Addr group, const image::MapShape& shape) const;

  target::AddressSpace& memory_;
  std::uint64_t memorySize_ = 0;
  mutable std::uint64_t left_ = 0;  ///< bytes of groups and buckets that may still be read
  // runtime.hmap
  schema::HmapLayout hmap_;
  // internal/runtime/maps.Map and table
  std::uint32_t mapSize_ = 0, tableSize_ = 0;
  image::Field<std::uint64_t> used_;
  image::Field<Addr> directory_;
  image::Field<std::int64_t> directoryLength_;
  image::Field<std::uint8_t> writing_;
  image::Field<Addr> groups_;
  image::Field<std::uint64_t> lengthMask_;
};

}  // namespace parked::golang
