// Channels and the queues of goroutines that wait on them.
// Mirrors runtime/chan.go (hchan, waitq), Go 1.18 to 1.27.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "golang/access.h"
#include "golang/snapshot.h"
#include "golang/types.h"
#include "schema/hchan.h"
#include "schema/sudog.h"

namespace parked::golang {

class ChannelReader {
 public:
  ChannelReader(Access& access, TypeNames& types, const schema::SudogLayout& sudogs);

  /// False if the target's layouts lack something a channel cannot be read without.
  bool usable() const { return missing_.empty(); }
  const std::vector<std::string>& missing() const { return missing_; }

  /// Reads the channel at `address`, without its queues. nullopt if it is not readable or its
  /// fields contradict each other (more elements than its buffer holds, a buffer larger than all
  /// memory there is).
  std::optional<Channel> read(Addr address);

  /// Walks both queues of the channel read last. `waits` are the waits of all goroutines whose
  /// sudog names this channel (indices into `all`); those found in a queue get `queued` and `op`.
  /// Sets the channel's senders, receivers and queuesRead.
  void walkQueues(Channel& channel, std::span<const Index> waits, std::span<Wait> all);

  /// How many queue entries of goroutines that are not in `waits` are followed over the reader's
  /// lifetime. There are few in an undamaged target; the bound keeps a forged one linear.
  void setForeignBudget(std::uint64_t entries) { foreignBudget_ = entries; }

 private:
  struct Queue {
    Addr first = 0, last = 0;
  };
  bool walk(const Queue& queue, WaitOp op, std::span<const Index> waits, std::span<Wait> all,
            std::uint32_t& count);
  Index waitOf(Addr sudog, std::span<const Index> waits, std::span<const Wait> all);

  Access& access_;
  TypeNames& types_;
  const schema::SudogLayout& sudogs_;
  std::vector<std::string> missing_;
  schema::HchanLayout layout_;
  Queue receivers_, senders_;
  AddrMap bySudog_;  // of the channel being walked, when it has many waits
  std::uint64_t foreignBudget_ = 1 << 16;
  std::uint64_t memorySize_ = 0;  // of the whole target
};

/// Whether a runtime.mutex word says that somebody holds it: 1 or 2 in the futex implementation,
/// bit 0 in the one of 1.24 and later (where bit 1 means contention, which is taken as held).
inline bool mutexHeld(std::uint64_t key) { return (key & 3) != 0; }

}  // namespace parked::golang
