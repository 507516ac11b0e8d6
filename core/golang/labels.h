// Profiler labels of a goroutine. Mirrors runtime/pprof/label.go: a map[string]string up to Go
// 1.23, a sorted slice of pairs since 1.24.
#pragma once

#include <unordered_map>

#include "golang/snapshot.h"
#include "schema/hmap.h"

namespace parked::golang {

/// Reads label sets into Snapshot::labelSets, each once: goroutines inherit their creator's.
class LabelReader {
 public:
  explicit LabelReader(Snapshot& snapshot);

  /// The set g.labels points to; kNone if there are none or they cannot be read (then counted).
  Index read(Addr labels);

 private:
  bool readSlice(Addr slice, Labels& out);
  bool readMap(Addr map, Labels& out);
  bool readBuckets(Addr buckets, std::uint64_t count, bool old, Labels& out);
  bool readPair(Addr key, Addr value, Labels& out);

  Snapshot& snapshot_;
  target::AddressSpace& memory_;
  bool isMap_;
  std::size_t spent_ = 0;  ///< bytes the label sets take here
  schema::HmapLayout hmap_;
  std::unordered_map<Addr, Index> known_;
};

}  // namespace parked::golang
