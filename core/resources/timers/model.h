// What is to be known of timers beyond the runtime's heaps: idle ones of channels, who has them,
// who waits, what the function of an AfterFunc keeps alive, and whether it starts itself again.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "golang/snapshot.h"

namespace parked::resources {

using golang::Index;
using golang::kNone;

/// What has a Timer or Ticker, or its channel, besides the runtime.
enum class TimerHolder : std::uint8_t {
  notAsked,  ///< not known: there is no proof, or not all who may have it were looked at
  nobody,    ///< nothing that can run: nobody can stop it, or receive from it
  global,
  stack,    ///< of TimerDetail::holderGoroutine
  closure,  ///< of the function TimerDetail::holderCode
  object,   ///< another object of the heap; without a TimerDetail::holderWord, a thread
};

/// How a callback starts its own timer again.
enum class Rearming : std::uint8_t {
  none,
  startsItself,  ///< it calls time.AfterFunc and its code refers to itself, or it captures itself
  resetsItself,  ///< it calls Timer.Reset, and reaches its own Timer
};

struct TimerDetail {
  Addr object = 0;  ///< the *time.Timer or *time.Ticker; 0: the timer is embedded in something else
  TimerHolder holder = TimerHolder::notAsked;
  Addr holderWord = 0;            ///< where the pointer to it is
  Addr holderCode = 0;            ///< closure: entry of its function
  Addr holderPc = 0;              ///< stack: of the frame it is in, a return address
  Index holderGoroutine = kNone;  ///< stack: whose
  Index receiver = kNone;         ///< a goroutine that waits on its channel
  std::uint64_t receivers = 0;    ///< how many do
  Rearming rearming = Rearming::none;
  bool retainedKnown = false;
  std::uint64_t retainedBytes = 0;    ///< of heap slots that only this timer's function keeps alive
  std::uint64_t retainedObjects = 0;  ///< their number
};

/// Heap that several timers with the same callback keep alive together, and nothing else does.
struct SharedRetention {
  std::uint64_t bytes = 0, objects = 0;
};

struct Timers {
  /// Snapshot::timers, then those of channels that are in no heap because nobody waits (1.23+).
  std::vector<golang::Timer> all;
  std::size_t inHeaps = 0;                 ///< of all: the snapshot's
  std::vector<TimerDetail> details;        ///< parallel to all
  std::map<Addr, SharedRetention> shared;  ///< by callback
};

}  // namespace parked::resources
