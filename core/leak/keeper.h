// Who keeps a group: of goroutines that are not leaked the nearest thing that leads to all of them,
// in the terms of the source. A registry that only grows has a name then.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/observer.h"
#include "leak/analysis.h"
#include "proof/common_holder.h"

namespace parked::leak {

struct Keeper {
  std::string holder;  ///< "main.registry (global map[int]*main.session, 9,980 entries)"
  std::string each;    ///< how a member hangs on it: "*main.session .done"; "" if not known
  std::optional<std::uint64_t> entries;  ///< of a map or slice
  /// A map, a slice, a sync.Map, a list or an array; or it may be one, as its type is not told.
  bool container = false;
  /// It has no place for one more: an array, or a slice that is as long as its capacity. A pool
  /// that was made with all its workers looks so.
  bool full = false;
  Addr object = 0;            ///< in the heap; 0: it is a variable or a stack
  std::uint64_t members = 0;  ///< that it keeps, of
  std::uint64_t of = 0;       ///< so many
};

/// "9,980 of 9,981 by main.registry (global …): *main.session .done".
std::string keeperText(const Keeper& keeper);

class Keepers {
 public:
  /// Fewer goroutines are looked at one by one.
  static constexpr std::uint64_t kFewest = 10;
  /// Groups that are asked about after so many have none: each takes a look at all goroutines.
  static constexpr std::size_t kMost = 64;

  /// The analysis must outlive the object, and the observer, which may be null. Where that asks to
  /// stop, groups that are asked about from then on have none.
  explicit Keepers(const Analysis& analysis, Observer* observer = nullptr);

  /// Of a group of Analysis::grouping(); null if it is not kept by one thing, or too small.
  const Keeper* of(Index group);

 private:
  std::optional<Keeper> find(const Group& group);

  const Analysis& analysis_;
  Observer* observer_;
  std::optional<proof::CommonHolders> common_;
  std::unordered_map<Index, std::optional<Keeper>> known_;
};

}  // namespace parked::leak
