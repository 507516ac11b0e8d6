// Orphans: goroutines that the clock or the network still wakes, but that nobody can stop, because
// nothing outside reaches what they could be stopped by. A second marking after the proof's, in
// which those sleep as well. See docs/orphans.md.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/observer.h"
#include "golang/snapshot.h"
#include "proof/fate.h"
#include "proof/islands.h"
#include "proof/marker.h"
#include "proof/proof.h"

namespace parked::proof {

class Orphans {
 public:
  /// Asked of who is woken by the clock or the network: whether it may end by itself, as it does
  /// not come back to its wait; or, if it waits for nothing else (`alone`), whether it may look
  /// each time at something that no pointer of its own leads to, a variable of a package.
  using MayEnd = std::function<bool(const golang::Goroutine&, bool alone)>;

  /// Looks for them. Where the proof is withheld, or this is, none are named and withheld() says
  /// why. What is passed must outlive the object; `observer` and `timings` may be null.
  static std::unique_ptr<Orphans> find(const golang::Snapshot& snapshot, const Proof& proof,
                                       const MayEnd& mayEnd, Observer* observer, Timings* timings);

  bool given() const { return withheld_.empty(); }
  const std::string& withheld() const { return withheld_; }
  bool interrupted() const { return interrupted_; }

  /// Nobody outside can stop or wake the goroutine, but it is not one of those the proof names: the
  /// clock, the network, or another orphan still wakes it.
  bool isOrphan(Index goroutine) const {
    return given() && goroutine < fates_.size() && fates_[goroutine] == Fate::leaked &&
           proof_->fate(goroutine) != Fate::leaked;
  }
  /// What can be reached without the orphans' help.
  const Marker& outside() const { return *marker_; }
  /// The orphans, those taken together that can wake one another.
  const Islands& islands() const { return islands_; }

 private:
  class Run;
  explicit Orphans(const Proof& proof) : proof_(&proof) {}

  const Proof* proof_;
  std::unique_ptr<Marker> marker_;
  std::vector<Fate> fates_;
  Islands islands_;
  std::string withheld_;
  bool interrupted_ = false;
};

}  // namespace parked::proof
