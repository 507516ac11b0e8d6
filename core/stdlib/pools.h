// Pools that starve by themselves: every place is held by a goroutine that waits for another one
// there. Of database/sql, and of github.com/jackc/puddle/v2 (pgxpool), which keeps its places in a
// semaphore.Weighted (pool.go, Pool.acquire, v2.0 to v2.2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "golang/snapshot.h"
#include "proof/proof.h"
#include "stdlib/sql.h"
#include "stdlib/stack_index.h"
#include "stdlib/xsync.h"

namespace parked::stdlib {

struct StarvedPool {
  struct Place {
    Addr object = 0;            ///< what has it: a Rows, Tx or Conn; of puddle a Resource
    Index holder = kNone;       ///< the goroutine that has that at hand (proof/near.h), a waiter
    const char* use = nullptr;  ///< "Rows", "Tx", "Conn", "Resource"
  };
  Addr address = 0;                ///< of the pool
  const char* type = nullptr;      ///< "sql.DB", "pgxpool.Pool", "puddle.Pool"
  std::vector<Index> waiters;      ///< in order
  std::vector<Place> places = {};  ///< as many as the pool has
};

/// Finds them. Needs the proof; without it there are none. Nobody but the waiters has one of the
/// places at hand; that somebody finds his way to one through a variable is not ruled out.
std::vector<StarvedPool> findStarvedPools(const golang::Snapshot& snapshot,
                                          const proof::Proof* proof, StackIndex& stacks,
                                          const Sql& sql, const ExtraSync& extraSync,
                                          Observer* observer);

}  // namespace parked::stdlib
