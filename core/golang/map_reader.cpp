#include "golang/map_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace parked::golang {

namespace {

// runtime/map.go: values of a bucket's hashes below minTopHash say why there is none.
constexpr unsigned kFirstEvacuated = 2, kLastEvacuated = 4;
constexpr std::uint8_t kHashWriting = 4;  // hmap.flags
constexpr std::uint8_t kMaxBits = 48;
constexpr std::uint64_t kMaxGroups = std::uint64_t{1} << 36;
constexpr std::uint64_t kMaxEntries = std::uint64_t{1} << 32;

}  // namespace

MapReader::MapReader(image::Image& image) : memory_(image.target().memory()) {
  memorySize_ = memory_.size();
  // Maps share no memory with each other: that many bytes would be read several times over.
  constexpr std::uint64_t kMostBytes = kMaxEntries * kWord;
  left_ = std::min(memorySize_, kMostBytes) * 8;
  std::vector<std::string> missing;
  image::LayoutSource& layouts = image.layouts();
  hmap_ = schema::HmapLayout::of(layouts);
  image::Binder map(layouts, "internal/runtime/maps.Map", missing);
  mapSize_ = map.size();
  map.optional(used_, "used");
  map.optional(directory_, "dirPtr");
  map.optional(directoryLength_, "dirLen");
  map.optional(writing_, "writing");
  image::Binder table(layouts, "internal/runtime/maps.table", missing);
  tableSize_ = table.size();
  table.optional(groups_, "groups.data");
  table.optional(lengthMask_, "groups.lengthMask");
}

/// More groups or buckets than memory has room for are not one map's.
std::uint64_t MapReader::mostGroups(const image::MapShape& shape) const {
  return std::min(memorySize_ / std::max(shape.groupSize, kWord) + 1, kMaxEntries / 4);
}

std::uint64_t MapReader::count(Addr header) const {
  if (header == 0) return 0;
  if (mapSize_ != 0) {
    const auto map = image::readObject(memory_, header, mapSize_);
    return map ? map[used_] : 0;
  }
  const auto map = image::readObject(memory_, header, hmap_.size);
  return map ? static_cast<std::uint64_t>(std::max<std::int64_t>(map[hmap_.count], 0)) : 0;
}

MapState MapReader::visit(Addr header, const image::RuntimeType& type, const Visit& visit) const {
  if (type.kind != image::TypeKind::map) return MapState::damaged;
  if (header == 0) return MapState::complete;
  return type.map.swiss ? visitSwiss(header, type.map, visit)
                        : visitBuckets(header, type.map, visit);
}

/// The bytes of a group or a bucket; empty if they are not readable, or all maps together have had
/// more than there is.
std::span<const std::byte> MapReader::groupAt(Addr group, const image::MapShape& shape) const {
  if (left_ < shape.groupSize) return {};
  left_ -= shape.groupSize;
  const auto bytes = memory_.view(group, shape.groupSize);
  // Who is asked about keys and elements reads them himself.
  memory_.note(group, kWord);
  if (!shape.swiss && !bytes.empty()) memory_.note(group + bytes.size() - kWord, kWord);
  return bytes;
}

bool MapReader::readGroup(Addr group, const image::MapShape& shape, const Visit& visit) const {
  const auto bytes = groupAt(group, shape);
  if (bytes.empty()) return false;
  for (unsigned i = 0; i < schema::kMapSlots; ++i) {
    if ((std::to_integer<unsigned>(bytes[i]) & 0x80) != 0) continue;  // empty or deleted
    Addr key = group + shape.keyOffset + i * shape.keyStride;
    Addr element = group + shape.elementOffset + i * shape.elementStride;
    if (shape.indirectKey && !memory_.read(key, key)) return false;
    if (shape.indirectElement && !memory_.read(element, element)) return false;
    visit(key, element);
  }
  return true;
}

MapState MapReader::visitSwiss(Addr header, const image::MapShape& shape,
                               const Visit& visit) const {
  const auto map = image::readObject(memory_, header, mapSize_);
  if (!map || !directory_ || !directoryLength_ || tableSize_ == 0) return MapState::damaged;
  const Addr directory = map[directory_];
  const std::int64_t length = map[directoryLength_];
  const std::uint64_t used = map[used_];
  const bool writing = map[writing_] != 0;
  const MapState whole = writing ? MapState::unstable : MapState::complete;
  const MapState broken = writing ? MapState::unstable : MapState::damaged;
  std::uint64_t seen = 0, budget = mostGroups(shape);
  const Visit counted = [&](Addr key, Addr element) {
    ++seen;
    visit(key, element);
  };
  if (length < 0 || used > kMaxEntries) return MapState::damaged;
  if (length == 0) {  // at most eight entries: one group, without a table
    if (directory != 0 && !readGroup(directory, shape, counted)) return broken;
    return seen == used ? whole : MapState::unstable;
  }
  const auto tables = memory_.bytes(directory, static_cast<std::uint64_t>(length) * kWord);
  if (tables.empty()) return broken;
  Addr before = 0;
  for (std::size_t at = 0; at < tables.size(); at += kWord) {
    Addr address = 0;
    std::memcpy(&address, tables.data() + at, kWord);
    if (address == before) continue;  // a table that is not split yet stands in several places
    before = address;
    const auto table = image::readObject(memory_, address, tableSize_);
    if (!table || table[lengthMask_] >= kMaxGroups) return broken;
    const std::uint64_t groups = table[lengthMask_] + 1;
    for (std::uint64_t i = 0; i < groups; ++i) {
      // A forged number of groups ends at the first that is not there, a forged number of tables
      // at what the map says it has, or when they are more than memory has room for.
      if (seen > used + schema::kMapSlots || budget-- == 0 ||
          !readGroup(table[groups_] + i * shape.groupSize, shape, counted)) {
        return broken;
      }
    }
  }
  return seen == used ? whole : MapState::unstable;
}

bool MapReader::readBuckets(Addr array, std::uint64_t count, const image::MapShape& shape, bool old,
                            const std::function<bool()>& mayGoOn, const Visit& visit) const {
  for (std::uint64_t i = 0; i < count; ++i) {
    Addr bucket = array + i * shape.groupSize;
    for (bool first = true; bucket != 0; first = false) {
      if (!mayGoOn()) return false;
      const auto bytes = groupAt(bucket, shape);
      if (bytes.empty()) return false;
      const auto hash = [&](unsigned slot) { return std::to_integer<unsigned>(bytes[slot]); };
      // Its entries have moved to the new buckets.
      if (old && first && hash(0) >= kFirstEvacuated && hash(0) <= kLastEvacuated) break;
      for (unsigned slot = 0; slot < schema::kMapSlots; ++slot) {
        if (hash(slot) < schema::kMinTopHash) continue;
        Addr key = bucket + shape.keyOffset + slot * shape.keyStride;
        Addr element = bucket + shape.elementOffset + slot * shape.elementStride;
        if (shape.indirectKey && !memory_.read(key, key)) return false;
        if (shape.indirectElement && !memory_.read(element, element)) return false;
        visit(key, element);
      }
      std::memcpy(&bucket, bytes.data() + bytes.size() - kWord, kWord);  // overflow
    }
  }
  return true;
}

MapState MapReader::visitBuckets(Addr header, const image::MapShape& shape,
                                 const Visit& visit) const {
  const auto map = image::readObject(memory_, header, hmap_.size);
  if (!map || !hmap_.buckets || map[hmap_.bits] > kMaxBits || shape.groupSize < 2 * kWord) {
    return MapState::damaged;
  }
  const std::int64_t used = map[hmap_.count];
  if (used < 0 || static_cast<std::uint64_t>(used) > kMaxEntries) return MapState::damaged;
  const std::uint64_t buckets = std::uint64_t{1} << map[hmap_.bits];
  std::uint64_t seen = 0, budget = mostGroups(shape);
  const Visit counted = [&](Addr key, Addr element) {
    ++seen;
    visit(key, element);
  };
  // A chain that is a circle ends here.
  const auto mayGoOn = [&] {
    return seen <= static_cast<std::uint64_t>(used) + schema::kMapSlots && budget-- != 0;
  };
  const std::uint8_t flags = map[hmap_.flags];
  // Somebody in the middle of a write may have left anything.
  const bool writing = (flags & kHashWriting) != 0;
  const MapState broken = writing ? MapState::unstable : MapState::damaged;
  if (map[hmap_.buckets] != 0 &&
      !readBuckets(map[hmap_.buckets], buckets, shape, false, mayGoOn, counted)) {
    return broken;
  }
  if (const Addr old = map[hmap_.oldBuckets]; old != 0) {
    // Of a single bucket there is no half.
    const bool same = (flags & schema::kSameSizeGrow) != 0 || buckets == 1;
    const std::uint64_t count = same ? buckets : buckets / 2;
    if (!readBuckets(old, count, shape, true, mayGoOn, counted)) return broken;
  }
  return !writing && seen == static_cast<std::uint64_t>(used) ? MapState::complete
                                                              : MapState::unstable;
}

}  // namespace parked::golang
