// Pools of libraries that count their places by tokens in a channel, where somebody waits for one:
// those of redigo (redis/pool.go, v1.5 to v1.9) and go-redis (internal/pool/pool.go, v6 to v9).
#pragma once

#include <vector>

#include "golang/map_reader.h"
#include "heap/pointers.h"
#include "resources/finder.h"
#include "resources/pools/candidate.h"
#include "resources/stack_index.h"

namespace parked::resources {

class TokenPools {
 public:
  /// All must outlive the object.
  TokenPools(const golang::Snapshot& snapshot, const heap::Heap& heap, StackIndex& stacks);

  /// Finds them by who waits, and asks `second` who points to those whose connections do.
  void find(Finder& second);
  /// What was found, with the connections that somebody may have; none of a pool where the
  /// library's structure is not the one that is known.
  std::vector<Candidate> candidates(const Finder& second) const;

 private:
  struct Library;
  struct Found {
    const Library* library = nullptr;
    Addr tokens = 0;  ///< the channel
    Addr pool = 0;    ///< 0: not found
    std::uint64_t size = 0;
    std::vector<Index> waiters = {};
  };

  static const std::vector<Library>& libraries();
  const golang::Channel* tokensOf(Index goroutine) const;
  bool leadsTo(Addr object, Addr to, int words) const;
  void addPointing(const Found& found, const Finder& second, Candidate& candidate) const;
  void addListed(const Found& found, Candidate& candidate) const;
  void addListedIn(Addr field, const image::RuntimeType& list, Candidate& candidate) const;
  bool isCounted(Addr connection, const image::RuntimeType& type) const;

  const golang::Snapshot& snapshot_;
  const heap::Heap& heap_;
  StackIndex& stacks_;
  image::RuntimeTypes& types_;
  heap::TypeMasks masks_;
  heap::Pointers pointers_;
  golang::MapReader maps_;
  std::vector<Found> found_;
};

}  // namespace parked::resources
