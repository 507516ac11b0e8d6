// Notify lists: who waits on which sync.Cond.
// Mirrors runtime/sema.go (notifyList), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "golang/access.h"
#include "golang/addr_map.h"
#include "schema/sudog.h"
#include "schema/sync_types.h"

namespace parked::golang {

class NotifyLists {
 public:
  NotifyLists(Access& access, const schema::SudogLayout& sudogs);

  bool usable() const { return missing_.empty(); }
  const std::vector<std::string>& missing() const { return missing_; }

  /// How many queue entries are looked at over the object's lifetime. Every waiter is in one list,
  /// so a small multiple of their number is enough; the bound keeps forged lists linear.
  void setBudget(std::uint64_t entries) { budget_ = entries; }

  struct List {
    Addr address = 0;
    std::uint32_t wait = 0, notify = 0;  ///< next ticket to hand out, next ticket to notify
    bool locked = false;                 ///< its lock was held: the queue may be half-updated
  };
  struct Member {
    List list;
    Addr sudog = 0;
  };

  /// Walks the notifyList at `address` unless that was done before. Its waiters are remembered only
  /// if it really is a list: well-linked from head to tail, and not longer than its tickets allow.
  void visit(Addr address);

  /// The list a goroutine was found in, nullptr if in none of those visited.
  const Member* of(Addr goroutine) const;

  /// Finds the list of a goroutine parked in Cond.Wait in a Go that does not record it (before
  /// 1.26): looks through the words of its stack in [from, to) for the address of a notifyList, or
  /// of a sync.Cond (`condOffset` bytes in front of its notifyList), that the goroutine is queued
  /// in. A list that another's stack has led to is its own only if its stack refers to it as well.
  const Member* search(Addr goroutine, Addr from, Addr to, std::uint32_t condOffset);

 private:
  Access& access_;
  const schema::SudogLayout& sudogs_;
  std::vector<std::string> missing_;
  schema::NotifyListLayout layout_;
  std::uint64_t budget_ = 1 << 16;
  AddrMap visited_;
  std::vector<Member> members_;
  AddrMap byGoroutine_;
  std::vector<std::pair<Addr, Addr>> found_;  // (goroutine, sudog) of the list being walked
  std::uint64_t lastSlot_ = 0;  // where search() found the last one, as an offset from `from`
};

}  // namespace parked::golang
