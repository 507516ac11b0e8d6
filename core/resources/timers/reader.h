// Reads Timers from a snapshot.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/incomplete.h"
#include "base/progress.h"
#include "golang/snapshot.h"
#include "golang/unwind.h"
#include "proof/proof.h"
#include "resources/finder.h"
#include "resources/timers/model.h"

namespace parked::resources {

class TimerRetention;

/// Reads Timers in two steps around a pass of a Finder.
class TimersReader {
 public:
  /// `proof` may be null or withheld, `observer` null. All must outlive the object.
  TimersReader(const golang::Snapshot& snapshot, const heap::Heap& heap, const proof::Proof* proof,
               Observer* observer);
  ~TimersReader();

  /// Finds all timers; asks `finder` who has them.
  void want(Finder& finder);
  /// Completes the details with what the finder's pass found. Both end early when the user asks to
  /// stop, and what they give is worth nothing then.
  void judge(const Finder& finder);

  Timers take() { return std::move(timers_); }

 private:
  void addIdle();
  void addReceivers();
  void dropGarbage();
  void judgeHolder(std::size_t index, const Finder& finder, const TimerRetention* retention);
  Addr closureCode(Addr object) const;
  Addr frameOf(Index goroutine, Addr word);

  const golang::Snapshot& snapshot_;
  const heap::Heap& heap_;
  const proof::Proof* proof_;
  Progress progress_;
  Timers timers_;
  std::unique_ptr<TimerRetention> retention_;  // from want() to judge()
  std::vector<Addr> heaps_;                    // the arrays of the Ps' timer heaps, sorted
  std::vector<Addr> machine_;                  // objects that threads hold, sorted
  golang::Unwinder unwinder_;
  std::vector<golang::Frame> frames_;  // scratch
};

}  // namespace parked::resources
