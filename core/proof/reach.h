// Which goroutines reach an object, asked of many goroutines and all that they reach at once.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/observer.h"
#include "golang/addr_map.h"
#include "golang/snapshot.h"
#include "heap/heap.h"
#include "heap/pointers.h"
#include "proof/marker.h"
#include "proof/stack_roots.h"

namespace parked::proof {

/// Breadth first from all goroutines together. An object remembers the first few that reach it, and
/// is gone through once for each of them, so that all of it is linear in what is reached.
class Reach {
 public:
  /// So many an object remembers.
  static constexpr std::size_t kOwners = 4;

  struct Options {
    /// Objects that it marked are passed over; null: none are.
    const Marker* notMarked = nullptr;
    /// What more than kOwners reach is not gone through: only what is a few goroutines' own is.
    bool ownOnly = false;
    /// Who waits on what is reached is woken by whoever reached it: its stack is gone through, too.
    bool wake = false;
    /// From a stack on, so many objects deep.
    unsigned steps = 0xffffffff;
  };

  /// All must outlive the object.
  Reach(const golang::Snapshot& snapshot, const heap::Heap& heap, const Options& options);

  /// Replaces what is known. False if the user interrupted; then it is not complete. `observer` may
  /// be null.
  bool follow(std::span<const Index> goroutines, Observer* observer);

  /// Who reaches the object that `address` points into, of those that were followed: at most
  /// kOwners of them.
  std::span<const Index> of(Addr address) const;
  /// More than of() names reach it.
  bool byMore(Addr address) const;

 private:
  struct Owners {
    std::array<Index, kOwners> first{};
    std::uint8_t count = 0;
    bool more = false;
  };
  struct Arrival {
    std::uint64_t slot;
    ObjectRef object;
    Index owner;  ///< kNone: one of those that are not remembered
  };
  using Waiter = std::pair<std::uint64_t, Index>;  // slot of what it waits on, goroutine

  const Owners* find(Addr address) const;
  void add(Addr pointer, std::span<const Index> owners);
  void addGoroutine(const golang::Goroutine& goroutine, std::span<const Index> owners);
  void step();
  void expand(const Arrival& arrival, std::span<const Index> owners);

  const golang::Snapshot& snapshot_;
  const heap::Heap& heap_;
  Options options_;
  heap::TypeMasks types_;
  heap::Pointers pointers_;
  StackRoots stacks_;
  golang::AddrMap gs_;      // addresses of g's: what is in one is its goroutine's own
  golang::AddrMap places_;  // address of an object to its place in owners_
  std::vector<Owners> owners_;
  std::vector<Waiter> waiters_;
  std::vector<Arrival> now_, next_;
  std::vector<HeldPointer> held_;
};

}  // namespace parked::proof
