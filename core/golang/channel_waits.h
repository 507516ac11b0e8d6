// Waits on channels: plain sends and receives, and selects.
#pragma once

#include <vector>

#include "base/observer.h"
#include "golang/types.h"
#include "golang/wait_builder.h"

namespace parked::golang {

/// First every goroutine's own list of sudogs is read, then each channel once, in order of address,
/// with all its waiters at hand: linear however many goroutines share a channel.
class ChannelWaits {
 public:
  explicit ChannelWaits(WaitBuilder& builder);

  /// Adds the waits of a goroutine parked for a channel, one per case of a select.
  void collect(Index goroutine, const WaitSite& site);

  /// Adds the wait of a goroutine parked on a nil channel or in `select {}`.
  void collectNil(Index goroutine, const WaitSite& site);

  /// Reads the channels and looks up every collected wait in their queues.
  void resolve(Observer* observer);

 private:
  struct Use {
    Addr channel;
    Index wait;
  };

  bool readChannels(Observer* observer);
  void judge(const Goroutine& goroutine, Wait& wait);
  void orderCases(const Goroutine& goroutine, std::span<Wait> waits);

  WaitBuilder& builder_;
  Snapshot& snapshot_;
  TypeNames types_;
  std::vector<Use> uses_;
  StringId selectWon_, woken_, otherCases_, locked_, closed_, dequeued_, damaged_;
};

}  // namespace parked::golang
