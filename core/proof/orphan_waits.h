// What a goroutine that only the clock and the network may still wake waits on.
#pragma once

#include <span>

#include "golang/snapshot.h"
#include "heap/heap.h"
#include "proof/fate.h"
#include "proof/orphan_timers.h"
#include "proof/stack_roots.h"

namespace parked::proof {

/// By what a goroutine is woken, as far as nobody has to do anything for it.
struct OrphanWaits {
  Fate fate = Fate::notAsked;  ///< leaked: it is asked about
  bool clock = false;          ///< it sleeps, or a timer or ticker sends to it
  bool network = false;        ///< what it reads or writes may become ready
  bool given = false;          ///< somebody would have to send, close, unlock: also in a case of a
                               ///< select
};

/// Of a goroutine that is parked for sure, by itself: main and the runtime's own are not asked
/// about, nor who has a deadline that will end its wait.
OrphanWaits orphanWaits(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine,
                        const OrphanTimers& timers);

/// Descriptors whose end is up to who has them here: connections that the program has made, and
/// inotify's, which have no other end. Mirrors net.netFD and os.file, with their internal/poll.FD.
/// Who waits for a connection that was accepted, for a listener or a file is ended by whoever is at
/// its other end: that is how it is meant.
class Connections {
 public:
  Connections(const golang::Snapshot& snapshot, const heap::Heap& heap);

  /// The object with the pollDesc, if it is one of those that a goroutine holds; empty if not, or
  /// if it is another kind of descriptor.
  heap::ObjectRef dialled(Addr pollDesc, std::span<const HeldPointer> held) const;
  /// The same of a descriptor that watches files. A core does not say what its descriptors are.
  heap::ObjectRef inotify(const golang::PollFd& fd, std::span<const HeldPointer> held) const;

 private:
  heap::ObjectRef holder(image::Field<Addr> field, Addr pollDesc, std::uint64_t size,
                         std::span<const HeldPointer> held) const;

  target::Target& target_;
  target::AddressSpace& memory_;
  const heap::Heap& heap_;
  image::Field<Addr> pollDesc_, ofFile_;
  image::Field<std::uint8_t> connected_;  // set by Dial, not by Accept
};

}  // namespace parked::proof
