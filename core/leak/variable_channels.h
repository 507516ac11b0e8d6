// Channels that nothing but variables of packages lead to: of those it is known whose code sends to
// them and receives from them, whoever will run it.
#pragma once

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/observer.h"
#include "golang/addr_map.h"
#include "golang/snapshot.h"
#include "leak/wake_sites.h"
#include "proof/proof.h"

namespace parked::leak {

using golang::Index;
using golang::kNone;

class VariableChannels {
 public:
  /// What a function does with a channel that it takes from a variable.
  struct Use {
    image::FuncIndex function = image::kNoFunc;
    WakeAct act = WakeAct::receive;
  };

  /// The proof must be given. Both must outlive the object.
  VariableChannels(const golang::Snapshot& snapshot, const proof::Proof& proof);

  /// Looks who uses these (into Snapshot::channels): one pass over the heap, one over the code.
  /// False if the user interrupted.
  bool find(std::span<const Index> channels, Observer* observer);
  /// All uses there are in the program's code; null where that is not known: something else than
  /// variables with names and the queues leads to it, a function hands it on or could not be
  /// followed, or the program has plugins. What goroutines have on their stacks already is not
  /// looked at.
  const std::vector<Use>* usesOf(Index channel) const;

 private:
  bool findVariables(Observer* observer);
  bool findUses(Observer* observer);
  void addUses(image::FuncIndex function);

  const golang::Snapshot& snapshot_;
  const proof::Proof& proof_;
  WakeSites code_;
  std::unordered_map<Index, std::optional<std::vector<Use>>> uses_;  // none: not known
  std::unordered_map<Addr, Index> variables_;                        // words, and what they hold
};

}  // namespace parked::leak
