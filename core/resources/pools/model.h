// Pools that have no place left. Those that starve by themselves: every place is held by a
// goroutine that waits for another one there. Of database/sql, of github.com/jackc/puddle/v2
// (pgxpool), which keeps its places in a semaphore.Weighted (pool.go, Pool.acquire, v2.0 to v2.2),
// and of redigo and go-redis (token_pools.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "golang/snapshot.h"
#include "proof/proof.h"
#include "resources/locks/xsync.h"
#include "resources/sql/model.h"
#include "resources/stack_index.h"

namespace parked::resources {

struct StarvedPool {
  struct Place {
    Addr object = 0;       ///< what has it: a Rows, Tx or Conn; of puddle a Resource
    Index holder = kNone;  ///< the goroutine that has that at hand (proof/near.h)
    std::string_view use;  ///< "Rows", "Tx", "Conn", "Resource"
  };
  Addr address = 0;                ///< of the pool
  std::string_view type;           ///< "sql.DB", "pgxpool.Pool", "puddle.Pool"
  std::vector<Index> waiters;      ///< in order
  std::vector<Place> places = {};  ///< as many as the pool has, each held by a waiter
};

/// One of a library's without a place left, where others than waiters hold some.
struct FullPool {
  StarvedPool pool;        ///< its places are those whose holder is known
  std::uint64_t size = 0;  ///< how many it has
  bool certain = false;    ///< each place's holders are known, and nobody else has it at hand
};

struct Pools {
  std::vector<StarvedPool> starved;
  std::vector<FullPool> full;
};

struct Candidate;

/// Finds them. Of a starved one nobody but the waiters has one of the places at hand; that somebody
/// finds his way to one through a variable is not ruled out. Without a proof, which may be null,
/// there are no holders, and of pools only `tokens`, those that TokenPools has found.
Pools findPools(const golang::Snapshot& snapshot, const proof::Proof* proof, StackIndex& stacks,
                const Sql& sql, const ExtraSync& extraSync, std::vector<Candidate> tokens,
                Observer* observer);

}  // namespace parked::resources
