// The proof: which blocked goroutines can never run again, because nothing that can still run
// reaches what they wait on. Does offline what the goroutine leak detection of Go 1.26 and later
// does inside the process (runtime/mgc.go, findMaybeRunnableGoroutines; runtime/mgcmark.go), for
// every Go from 1.18 on, in one marking pass. See docs/proof.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/observer.h"
#include "golang/snapshot.h"
#include "heap/heap.h"
#include "heap/specials.h"
#include "proof/fate.h"
#include "proof/marker.h"

namespace parked::proof {

class Proof {
 public:
  /// Runs it. Never fails: when it cannot be given, withheld() says why. The snapshot must outlive
  /// it, and its target be readable.
  static std::unique_ptr<Proof> run(const golang::Snapshot& snapshot, Observer* observer,
                                    Timings* timings);
  /// One that is not given, for a reason of the caller's.
  static std::unique_ptr<Proof> without(std::string why);
  ~Proof();

  /// Why no goroutine is called leaked; empty if the proof is given.
  const std::string& withheld() const { return withheld_; }
  bool given() const { return withheld_.empty(); }
  /// Memory that it needed is not in the target; then it is withheld.
  bool memoryMissing() const { return memoryMissing_; }
  /// It is withheld for what was read of the target, and not for what is not known of its release:
  /// of a process that goes on, another look may not meet it.
  bool mayPass() const { return mayPass_; }
  /// The user asked to stop before it was finished; then it is withheld.
  bool interrupted() const { return interrupted_; }

  Fate fate(Index goroutine) const {
    return given() && goroutine < fates_.size() ? fates_[goroutine] : Fate::notAsked;
  }
  /// alive: the wait (into Snapshot::waits) whose object was reached; kNone otherwise.
  Index reachedWait(Index goroutine) const;

  const heap::Heap* heap() const { return heap_.get(); }
  const Marker* marker() const { return marker_.get(); }
  const heap::Specials& specials() const { return specials_; }
  /// As marker(); for those who mark again.
  const heap::Pointers& pointers() const { return *pointers_; }
  std::uint64_t candidates() const { return candidates_; }

 private:
  class Run;
  Proof() = default;

  std::unique_ptr<heap::Heap> heap_;
  std::unique_ptr<heap::TypeMasks> types_;
  std::unique_ptr<heap::Pointers> pointers_;
  std::unique_ptr<Marker> marker_;
  heap::Specials specials_;
  std::vector<Fate> fates_;
  std::vector<Index> reachedWaits_;
  std::uint64_t candidates_ = 0;
  std::string withheld_;
  bool memoryMissing_ = false;
  bool mayPass_ = false;
  bool interrupted_ = false;
};

}  // namespace parked::proof
