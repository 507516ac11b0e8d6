// The cases of a select in the order of the source, recovered from selectgo's frame.
// Mirrors runtime/select.go (scase, selectgo) and cmd/compile's walk of select statements, Go 1.18
// to 1.27.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "golang/access.h"
#include "golang/snapshot.h"

namespace parked::golang {

/// What selectgo was called with: the array of cases, on its caller's stack.
struct SelectCases {
  struct Case {
    Addr channel = 0;  ///< 0: a nil channel, never ready
    Addr element = 0;  ///< address of the value to send or the place to receive into
  };
  std::vector<Case> cases;  ///< sends in source order, then receives in reverse source order
  std::size_t sends = 0;
  Addr order = 0;  ///< its array for the orders of polling and locking; 0 if it was not found

  /// Index in source order of cases[i], -1 if it cannot be told: the array does not say how sends
  /// and receives are interleaved, so only a select of one kind has an order.
  std::int16_t sourceIndex(std::size_t i) const;
};

/// Reads the cases of a goroutine parked in selectgo. `frames` are its physical frames and
/// frames[position] is selectgo's. nullopt if they cannot be told.
std::optional<SelectCases> readSelectCases(Access& access, std::span<const Frame> frames,
                                           std::size_t position);

/// The channels that the goroutine has queued on, in the order of its list of sudogs, by selectgo's
/// own order of locking. nullopt if that does not fit the cases: then it was read from elsewhere,
/// or the array of cases shares its place on the stack with a longer one.
std::optional<std::vector<Addr>> queuedChannels(Access& access, const SelectCases& select);

/// Whether every case of that select is a nil channel, as far as the frame shows.
bool allCasesNil(Access& access, std::span<const Frame> frames, std::size_t position);

/// What a waiting sudog knows of its case, in any order.
struct QueuedCase {
  Addr channel = 0;
  Addr element = 0;
};

/// Finds for each queued case its index in `select.cases`; empty if they do not match one to one
/// (every case that is not nil has exactly one sudog).
std::vector<std::size_t> matchCases(const SelectCases& select, std::span<const QueuedCase> queued);

}  // namespace parked::golang
