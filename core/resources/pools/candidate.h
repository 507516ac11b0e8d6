// A pool that may have no place left, before it is known who has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "resources/pools/model.h"

namespace parked::resources {

/// What somebody may have of it, each object with the place it stands for.
struct Candidate {
  StarvedPool pool;        ///< without its places
  std::uint64_t size = 0;  ///< how many places it has
  struct Object {
    Addr address;
    std::size_t place;
    std::string_view use;
  };
  std::vector<Object> objects;
  /// Goroutines of the library's that give one back when its context ends, in order.
  std::vector<Index> asleep;
};

}  // namespace parked::resources
