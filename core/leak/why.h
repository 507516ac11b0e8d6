// What verdicts rest on, with the words for it: the one place to add a reason to.
#pragma once

#include <cstdint>
#include <string_view>

namespace parked::leak {

/// The evidence behind a verdict. The sentence for a person is made from it by
/// Analysis::sentence(), so that a million goroutines carry no text. Each has a row in why.cpp.
enum class Why : std::uint8_t {
  none,
  // running
  onThread,
  died,  ///< the program died of what it did (golang::Crash)
  runnable,
  inSyscall,
  preempted,
  stackMoving,
  starting,  ///< being created
  // proved
  nilChannel,
  noCases,
  nilSelect,
  unreachable,    ///< nothing that can still run reaches what it waits on (core/proof)
  allAsleep,      ///< the program died because no goroutine could run (golang::Crash::allAsleep)
  runtimeProved,  ///< status _Gleaked: the runtime's own leak detection found it (1.26+)
  // unknown
  inFlux,        ///< its stack or waits were being changed
  wakerClaimed,  ///< g.selectDone is set: a waker has already won
  notQueued,     ///< not (any more) in the object's queue
  closing,       ///< the channel is closed, its waiters are being woken
  noSudog,       ///< the object it waits on was not found
  badStatus,     ///< a status parked does not know
  notRead,       ///< what it waits on was not read: the user asked to stop
  // suspect
  many,         ///< at least Thresholds::count at one place
  settled,      ///< at least Thresholds::some at one place for at least Thresholds::someAge
  old,          ///< at least Thresholds::few at one place for at least Thresholds::age
  oldLock,      ///< waits for a lock for at least Thresholds::age
  lockCycle,    ///< waits for a lock in a circle of goroutines that hold one another's
  lockedAgain,  ///< waits for a lock that it holds itself
  waitCircle,   ///< waits, in a circle of goroutines, for what only another of them can give
  // orphan
  orphan,  ///< only the clock, the network, or others like it wake it (proof/orphans.h)
  // suspect
  unstopped,   ///< would be proved, but the process was read while it ran
  unfinished,  ///< would be proved, but the user asked to stop
  // waiting
  mainForever,  ///< main in `select {}`: the usual way to keep a program up
  benign,       ///< a well-known background goroutine, see GoroutineInfo::label
  system,       ///< the runtime's own
  worker,       ///< one of a few that take work from a shared channel or queue: an idle worker
  signal,       ///< one of a few that wait for the same channel to be closed
  paired,       ///< of too many or too old, but it has a live goroutine of its own (leak/pairs.h)
  timed,        ///< a timer or deadline will wake it
  background,   ///< nobody can stop it, and that is meant so, it seems (leak/island_kinds.h)
  plain,
};

struct WhyTraits {
  Why value;
  std::string_view id;        ///< stable, for machines; "" where there is nothing to say
  std::string_view sentence;  ///< for a person; "" where it takes more than the reason to tell
};

const WhyTraits& traitsOf(Why why);

}  // namespace parked::leak
