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
  enum class Looks : std::uint8_t {
    programs,  ///< the variables of the program's own packages
    all,       ///< and those without pointers of libraries
  };
  /// What the program's code has to say.
  struct Questions {
    /// Of who is woken by the clock or the network: it comes to its wait again, so that it is no
    /// timeout for others.
    std::function<bool(const golang::Goroutine&)> comesBack;
    /// Its code looks at a variable of a package, one of those.
    std::function<bool(const golang::Goroutine&, Looks looks)> reads;
    /// A way to its end depends on more than what its wait brings: the program's code decides it.
    std::function<bool(const golang::Goroutine&)> decidesItself;
    /// How many pointers from a word of a variable on lead to what stops nobody.
    std::function<int(Addr word)> common;
    /// The address is of a variable or of what a composite literal at package level made, of the
    /// program's own packages, or of a library's too.
    std::function<bool(Addr address, bool librarysCount)> isVariable;
    /// It is one without pointers.
    std::function<bool(Addr address)> isPlain;
  };

  /// Looks for them. Where the proof is withheld, or this is, none are named and withheld() says
  /// why. What is passed must outlive the object; `observer` and `timings` may be null.
  static std::unique_ptr<Orphans> find(const golang::Snapshot& snapshot, const Proof& proof,
                                       const Questions& questions, Observer* observer,
                                       Timings* timings);

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
