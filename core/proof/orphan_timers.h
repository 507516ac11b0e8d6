// Which pending timers end something, and which only go on and on.
#pragma once

#include "golang/addr_map.h"
#include "golang/snapshot.h"

namespace parked::proof {

/// Whether the timer is no way to a goroutine from outside: it was stopped; it only wakes whoever
/// sleeps or receives from its channel; or its function sets it again, so that it belongs to what
/// it serves (the idle timer of a client). Any other function may be the one that ends a goroutine,
/// as that of a context's deadline does.
class OrphanTimers {
 public:
  explicit OrphanTimers(const golang::Snapshot& snapshot);

  /// The addresses of those timers.
  const golang::AddrMap& own() const { return own_; }
  /// Those whose functions set them again: into Snapshot::timers.
  const std::vector<golang::Index>& tasks() const { return tasks_; }
  /// A pending timer sends to the channel.
  bool sendsTo(Addr channel) const { return channels_.contains(channel); }

 private:
  golang::AddrMap own_, channels_;
  std::vector<golang::Index> tasks_;
};

}  // namespace parked::proof
