#include "golang/semaphores.h"

#include "golang/channels.h"
#include "schema/sema_root.h"

namespace parked::golang {

void SemaphoreTable::read(Access& access, const schema::SudogLayout& sudogs, std::size_t limit,
                          Snapshot& snapshot) {
  IncompleteList& incomplete = snapshot.incomplete;
  const Addr table = access.variable("runtime.semtable");
  const auto layout = schema::SemaRootLayout::of(access.layouts);
  if (table == 0 || !layout.treap) {
    incomplete.add("semaphores", "runtime.semtable was not found");
    return;
  }
  known_ = true;
  const std::uint64_t stride = schema::semaRootStride(*access.architecture, access.version);
  for (std::uint64_t bucket = 0; bucket < schema::kSemaRoots; ++bucket) {
    const image::Object root =
        image::readObject(access.memory, table + bucket * stride, layout.size);
    if (!root) {
      incomplete.add("semaphores", "a part of runtime.semtable is not readable",
                     table + bucket * stride);
      continue;
    }
    if (root[layout.treap] == 0) continue;
    const bool held = mutexHeld(root[layout.lock]);
    if (walkRoot(access, sudogs, root[layout.treap], bucket, schema::kSemaRoots, held, limit))
      continue;
    if (held) {  // a rotation, say; who is not found by it is told to be UNKNOWN
      snapshot.momentary.add("semaphores", "a queue of waiters was being changed", root.address());
      snapshot.passing = true;
    } else {
      incomplete.add("semaphores", "a queue of waiters is damaged", root.address());
    }
  }
}

bool SemaphoreTable::walkRoot(Access& access, const schema::SudogLayout& sudogs, Addr treap,
                              std::uint64_t bucket, std::uint64_t buckets, bool inFlux,
                              std::size_t limit) {
  bool intact = true;
  pending_.assign(1, treap);
  while (!pending_.empty()) {
    Addr at = pending_.back();
    pending_.pop_back();
    Addr semaphore = 0;
    for (bool head = true; at != 0; head = false) {
      const image::Object sudog = sudogs.read(access.memory, at);
      const Addr goroutine = sudog[sudogs.g];
      if (head) semaphore = sudog[sudogs.elem];
      // A goroutine waits on one semaphore: meeting it twice means a cycle, or that one of the two
      // names another than it should. A semaphore in the wrong bucket means that this is no treap
      // at all.
      if (const auto known = byGoroutine_.find(goroutine); known != AddrMap::kMissing) {
        waiters_[known].doubtful = true;
      }
      if (!sudog || goroutine == 0 || sudog[sudogs.elem] != semaphore ||
          (semaphore >> 3) % buckets != bucket || waiters_.size() >= limit ||
          !byGoroutine_.insert(goroutine, static_cast<std::uint32_t>(waiters_.size()))) {
        intact = false;
        break;
      }
      waiters_.push_back({at, goroutine, semaphore, inFlux, false});
      if (head) {
        if (const Addr left = sudog[sudogs.prev]; left != 0) pending_.push_back(left);
        if (const Addr right = sudog[sudogs.next]; right != 0) pending_.push_back(right);
      }
      at = sudog[sudogs.waitLink];
    }
  }
  return intact;
}

}  // namespace parked::golang
