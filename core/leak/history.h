// Groups of goroutines followed over several looks at the same process: which grow, and which
// goroutines are still parked where they were.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "leak/analysis.h"
#include "leak/trend.h"

namespace parked::leak {

/// A place whose text belongs to itself: the session it was read in is gone at the next look.
struct OwnPlace {
  std::string function, file;
  std::int32_t line = 0;
  Place view() const { return {function, file, line}; }
};

/// Goroutines with the same stack that wait in the same way, over several looks. Those that do not
/// wait are together by where they were started: their stacks are never the same twice.
struct FollowedGroup {
  std::uint32_t number = 0;     ///< 1, 2, … in the order they were seen first; never used again
  std::uint64_t firstLook = 0;  ///< when it was seen first, from 1
  std::vector<Count> counts;    ///< of the looks the history keeps, oldest first
  bool system = false;          ///< the runtime's own

  // At the last look.
  std::uint64_t count = 0;
  std::int64_t change = 0;    ///< against the look before
  std::uint64_t arrived = 0;  ///< that were not in this group at the look before
  std::uint64_t left = 0;     ///< that were, and are not any more
  /// Still there: not seen to have moved since the look before. A worker that took a job in between
  /// and waits again as before is one of them, unless a collection noted that it waits anew.
  std::uint64_t same = 0;
  std::uint64_t sameAsFirst = 0;  ///< … since the first look
  std::uint64_t moved = 0;        ///< in this group at both, but parked anew in between
  Trend trend;
  /// The trend rises, and at least half of what it rose by are goroutines that stay: a place many
  /// pass through does not count as growing because some looks found more of them.
  bool growing = false;

  // Of the last look that found some.
  Verdict verdict = Verdict::running;  ///< the gravest
  State state = State::blocked;        ///< of the example
  std::string reason;                  ///< as Go prints it; "" if it is not blocked
  std::uint64_t example = 0;           ///< the id of the goroutine that is there longest
  std::int64_t longestWait = 0;        ///< ns, a lower bound; 0: not known
  OwnPlace user;                       ///< the user's own frame
  OwnPlace creator;                    ///< the go statement of the example
};

class History {
 public:
  /// How many looks are kept: of more, only the last ones say whether something grows now.
  static constexpr std::size_t kKept = 30;

  /// One more look: the goroutines chosen, ascending. `at`: when, in ns on a clock that does not
  /// jump. Nothing of `analysis` is kept.
  void add(const Analysis& analysis, std::span<const Index> goroutines, std::int64_t at);

  std::uint64_t looks() const { return looks_; }
  std::int64_t firstAt() const { return firstAt_; }
  std::int64_t lastAt() const { return times_.empty() ? 0 : times_.back(); }
  /// Goroutines at the last look, at the one before it, and at the first.
  std::uint64_t total() const { return total_; }
  std::uint64_t totalBefore() const { return totalBefore_; }
  std::uint64_t totalAtFirst() const { return totalAtFirst_; }
  /// Groups that had goroutines in any look that is kept. Growing ones first, fastest first; then
  /// by count, largest first.
  std::vector<const FollowedGroup*> groups() const;

 private:
  /// What a goroutine was seen doing.
  struct Seen {
    std::uint64_t id = 0;
    std::uint64_t parkedOn = 0;  ///< from all it waits on, and in which queue entry
    std::int64_t waitSince = 0;
    std::uint64_t sinceLook = 0;  ///< the look since which it has not been seen to move
    std::uint32_t group = 0;
    bool blocked = false;
  };
  /// The pcs of a stack and how the goroutine waits.
  using Key = std::vector<std::uint64_t>;

  std::uint32_t groupOf(const Analysis& analysis, const golang::Goroutine& goroutine);
  void describe(FollowedGroup& group, const Analysis& analysis, Index index);
  void compare(const Seen& seen, const Seen* before);
  void close();
  static bool unmoved(const Seen& before, const Seen& now);

  std::uint64_t looks_ = 0;
  std::int64_t firstAt_ = 0;
  std::uint64_t total_ = 0, totalBefore_ = 0, totalAtFirst_ = 0;
  std::vector<std::int64_t> times_;  ///< of the looks kept
  std::map<Key, std::uint32_t> keys_;
  std::map<std::uint32_t, FollowedGroup> groups_;
  std::uint32_t nextNumber_ = 1;
  std::vector<Seen> last_;  ///< by id
};

}  // namespace parked::leak
