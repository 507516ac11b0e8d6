// Waits on semaphores and notify lists: the objects of package sync.
#pragma once

#include <optional>

#include "golang/locks.h"
#include "golang/notify_lists.h"
#include "golang/semaphores.h"
#include "golang/wait_builder.h"

namespace parked::golang {

class SyncWaits {
 public:
  explicit SyncWaits(WaitBuilder& builder)
      : builder_(builder),
        snapshot_(builder.snapshot),
        locks_(builder.access, builder.snapshot.locks) {}

  /// Adds the wait of a goroutine parked on a semaphore.
  void collectSemaphore(Index goroutine, const WaitSite& site);

  /// Adds the wait of a goroutine parked in sync.Cond.Wait.
  void collectCond(Index goroutine, const WaitSite& site);

  /// Decodes the state of the locks, once every waiter is collected.
  void resolve();

 private:
  void add(Index goroutine, SyncUse use, Addr word, Wait wait);
  const SemaphoreTable& semaphores();
  NotifyLists& lists();

  WaitBuilder& builder_;
  Snapshot& snapshot_;
  LockTable locks_;
  std::optional<SemaphoreTable> semaphores_;
  std::optional<NotifyLists> lists_;
};

}  // namespace parked::golang
