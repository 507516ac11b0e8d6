#include "golang/labels.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "schema/releases.h"

namespace parked::golang {

namespace {

constexpr std::uint64_t kMaxLabels = 1000;
constexpr std::size_t kMaxText = 4096;       // of a key or value; longer ones are cut
constexpr std::size_t kBudget = 128U << 20;  // for all labels, in our memory
constexpr std::uint64_t kString = 16;        // sizeof(string)

// runtime/map.go up to 1.23: a bucket of map[string]string is tophash[8], 8 keys, 8 values, and a
// pointer to its overflow bucket.
constexpr std::uint64_t kKeys = schema::kMapSlots;
constexpr std::uint64_t kValues = kKeys + schema::kMapSlots * kString;
constexpr std::uint64_t kOverflow = kValues + schema::kMapSlots * kString;
constexpr std::uint64_t kBucket = kOverflow + 8;

}  // namespace

LabelReader::LabelReader(Snapshot& snapshot)
    : snapshot_(snapshot),
      memory_(snapshot.image->target().memory()),
      isMap_(schema::labelsAreMap(snapshot.image->build().version)) {
  if (!isMap_) return;
  hmap_ = schema::HmapLayout::of(snapshot.image->layouts());
  if (!hmap_.known()) hmap_.size = 0;  // then no map is readable
}

Index LabelReader::read(Addr labels) {
  if (labels == 0) return kNone;
  const auto [it, isNew] = known_.emplace(labels, kNone);
  if (!isNew) return it->second;
  Labels set;
  if (!(isMap_ ? readMap(labels, set) : readSlice(labels, set))) {
    snapshot_.incomplete.add(
        "labels",
        spent_ > kBudget ? "they are too many" : "a goroutine's profiler labels are not readable",
        labels);
    return kNone;
  }
  if (set.pairs.empty()) return kNone;
  std::ranges::sort(set.pairs);
  it->second = static_cast<Index>(snapshot_.labelSets.size());
  snapshot_.labelSets.push_back(std::move(set));
  return it->second;
}

bool LabelReader::readSlice(Addr slice, Labels& out) {
  Addr data = 0;
  std::uint64_t count = 0;
  if (!memory_.read(slice, data) || !memory_.read(slice + 8, count) || count > kMaxLabels) {
    return false;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    const Addr pair = data + i * 2 * kString;
    if (!readPair(pair, pair + kString, out)) return false;
  }
  return true;
}

bool LabelReader::readMap(Addr map, Labels& out) {
  Addr header = 0;
  if (!memory_.read(map, header)) return false;
  if (header == 0) return true;
  const image::Object hmap = image::readObject(memory_, header, hmap_.size);
  const std::int64_t count = hmap[hmap_.count];
  const std::uint8_t b = hmap[hmap_.bits];
  if (!hmap || count < 0 || static_cast<std::uint64_t>(count) > kMaxLabels || b > 16) return false;
  if (!readBuckets(hmap[hmap_.buckets], 1u << b, false, out)) return false;
  if (const Addr old = hmap[hmap_.oldBuckets]; old != 0) {
    const bool sameSize = (hmap[hmap_.flags] & schema::kSameSizeGrow) != 0;
    if (!readBuckets(old, sameSize || b == 0 ? 1u << b : 1u << (b - 1), true, out)) return false;
  }
  return out.pairs.size() == static_cast<std::uint64_t>(count);
}

bool LabelReader::readBuckets(Addr buckets, std::uint64_t count, bool old, Labels& out) {
  if (buckets == 0) return true;
  for (std::uint64_t i = 0; i < count; ++i) {
    Addr bucket = buckets + i * kBucket;
    // Labels are few, so a longer chain of overflow buckets is a damaged one.
    for (int chain = 0; bucket != 0; ++chain) {
      const auto bytes = memory_.bytes(bucket, kBucket);
      if (bytes.empty() || chain > 100) return false;
      const auto top = [&](std::uint64_t slot) {
        return std::to_integer<std::uint8_t>(bytes[slot]);
      };
      const bool evacuated = old && top(0) > 1 && top(0) < schema::kMinTopHash;
      for (std::uint64_t slot = 0; slot < schema::kMapSlots && !evacuated; ++slot) {
        if (top(slot) < schema::kMinTopHash) continue;
        if (!readPair(bucket + kKeys + slot * kString, bucket + kValues + slot * kString, out)) {
          return false;
        }
      }
      if (evacuated) break;
      bucket = memory_.word(bucket + kOverflow);
    }
  }
  return true;
}

bool LabelReader::readPair(Addr key, Addr value, Labels& out) {
  if (out.pairs.size() >= kMaxLabels || spent_ > kBudget) return false;
  const auto first = memory_.goText(key, kMaxText);
  const auto second = memory_.goText(value, kMaxText);
  if (!first || !second) return false;
  out.pairs.emplace_back(first->shown(), second->shown());
  // Each may be read many times over by a damaged target.
  spent_ += sizeof(out.pairs.back()) + first->text.size() + second->text.size();
  return true;
}

}  // namespace parked::golang
