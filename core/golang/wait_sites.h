// What the innermost frames of a parked stack say about the wait: which runtime function parked
// the goroutine, and on behalf of which method of package sync.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "golang/access.h"
#include "golang/locks.h"
#include "golang/snapshot.h"

namespace parked::golang {

struct WaitSite {
  /// The runtime function that called gopark.
  enum class Parker : std::uint8_t {
    unknown,  ///< another function: somebody uses gopark on his own
    chanSend,
    chanReceive,
    select,
    block,  ///< select {}
    semacquire,
    notifyList,
    coroutine,
    netpoll,
    none,  ///< the stack could not be read
  };
  Parker parker = Parker::none;
  SyncUse use = SyncUse::unknown;  ///< for semacquire and notifyList
  /// Physical frame (from the innermost) of the runtime function that takes the object as its
  /// argument: selectgo, notifyListWait, coroswitch.
  std::uint8_t frame = 0;
};

/// The site of each stack of a snapshot, told once for all goroutines that share it.
class WaitSites {
 public:
  WaitSites(const Snapshot& snapshot, CodeView& code)
      : snapshot_(snapshot),
        code_(code),
        sites_(snapshot.stacks.size()),
        known_(snapshot.stacks.size()) {}

  WaitSite of(const Goroutine& goroutine);

 private:
  WaitSite classify(std::span<const FramePc> frames);

  const Snapshot& snapshot_;
  CodeView& code_;
  std::vector<WaitSite> sites_;
  std::vector<bool> known_;
};

/// What a semaphore is for, told by the source-level calls around it, innermost first: `calls[0]`
/// is the function that called runtime.semacquire1. The compiler inlines the methods of package
/// sync into their callers at will; the calls tell it either way.
SyncUse semaphoreUse(std::span<const std::string_view> calls);

}  // namespace parked::golang
