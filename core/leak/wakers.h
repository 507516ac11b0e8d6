// Who could wake whom: of the goroutines that are blocked, those whose code comes to the other end
// of what others wait on.
#pragma once

#include <cstdint>
#include <vector>

#include "base/progress.h"
#include "golang/addr_map.h"
#include "golang/snapshot.h"
#include "golang/stack_maps.h"
#include "golang/unwind.h"
#include "leak/wake_sites.h"

namespace parked::leak {

using golang::Index;
using golang::kNone;

/// A goroutine that may wake those that wait on an object.
struct Waker {
  Index goroutine = kNone;
  bool isLock = false;   ///< a WaitGroup
  Index object = kNone;  ///< into Snapshot::locks or channels
  bool senders = false;  ///< of a channel: it may wake those that send
  WakeAct act = WakeAct::receive;
  std::uint32_t site = 0;  ///< into Wakers::sites(); of unlock, which of the lock's holders
};

class Wakers {
 public:
  struct Site {
    WakeSite site;
    image::FuncIndex function = image::kNoFunc;  ///< of the frame
    Addr now = 0;                                ///< where the frame stands, a return address
    bool deferred = false;                       ///< it is in a closure the frame will call
  };

  explicit Wakers(const golang::Snapshot& snapshot);

  /// Appends what the goroutine may do; it must be blocked.
  void look(Index goroutine, std::vector<Waker>& out);
  const std::vector<Site>& sites() const { return sites_; }

 private:
  struct StackSite {
    std::uint32_t site;
    std::int64_t frame;              ///< its stack pointer, from the goroutine's
    std::vector<std::int64_t> live;  ///< of a closure: words of the frame that may point to it
  };

  const std::vector<StackSite>& sitesOf(const golang::Goroutine& goroutine);
  void addFrame(const golang::Goroutine& goroutine, const golang::Frame& frame,
                std::vector<StackSite>& out);
  bool isLive(const golang::Frame& frame, std::int64_t offset);
  bool isWanted(WakeAct act) const;
  Addr follow(const WordPath& path, Addr frame) const;
  bool isMade(const StackSite& site, Addr frame) const;
  void note(Index goroutine, std::uint32_t site, Addr object, std::vector<Waker>& out);

  const golang::Snapshot& snapshot_;
  target::AddressSpace& memory_;
  golang::Unwinder unwinder_;
  golang::StackMaps maps_;
  WakeSites code_;
  std::vector<Site> sites_;
  std::vector<std::vector<StackSite>> stacks_;  // by stack
  std::vector<bool> looked_;                    // by stack
  std::vector<golang::Frame> frames_;
  golang::AddrMap groups_;                    // WaitGroups waited for, to their index
  golang::AddrMap channels_;                  // the same, once somebody may do something to one
  bool senders_ = false, receivers_ = false;  // there are channels with such
};

}  // namespace parked::leak
