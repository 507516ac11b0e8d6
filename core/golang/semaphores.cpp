#include "golang/semaphores.h"

#include "golang/channels.h"

namespace parked::golang {

namespace {

// Each root is padded to a cache line, whose size is internal/cpu.CacheLinePadSize: 64 on amd64; on
// arm64 it was raised to 128 with Go 1.20.
std::uint64_t rootStride(target::Arch arch, int goMinor) {
  return arch == target::Arch::arm64 && goMinor >= 20 ? 128 : 64;
}

constexpr std::uint64_t kTableSize = 251;  // runtime.semTabSize

}  // namespace

void SemaphoreTable::read(Access& access, const SudogLayout& sudogs, std::size_t limit,
                          Snapshot& snapshot) {
  IncompleteList& incomplete = snapshot.incomplete;
  const Addr table = access.variable("runtime.semtable");
  std::vector<std::string> missing;
  image::Binder binder(access.layouts, "runtime.semaRoot", missing);
  image::Field<Addr> treap;
  image::Field<std::uint64_t> lock;
  binder.required(treap, "treap");
  binder.optional(lock, "lock.key");
  if (table == 0 || !missing.empty()) {
    incomplete.add("semaphores", "runtime.semtable was not found");
    return;
  }
  known_ = true;
  const std::uint64_t stride = rootStride(access.arch, access.goMinor);
  for (std::uint64_t bucket = 0; bucket < kTableSize; ++bucket) {
    const image::Object root =
        image::readObject(access.memory, table + bucket * stride, binder.size());
    if (!root) {
      incomplete.add("semaphores", "a part of runtime.semtable is not readable",
                     table + bucket * stride);
      continue;
    }
    if (root[treap] == 0) continue;
    const bool held = mutexHeld(root[lock]);
    if (walkRoot(access, sudogs, root[treap], bucket, kTableSize, held, limit)) continue;
    if (held) {  // a rotation, say; who is not found by it is told to be UNKNOWN
      snapshot.momentary.add("semaphores", "a queue of waiters was being changed", root.address());
      snapshot.passing = true;
    } else {
      incomplete.add("semaphores", "a queue of waiters is damaged", root.address());
    }
  }
}

bool SemaphoreTable::walkRoot(Access& access, const SudogLayout& sudogs, Addr treap,
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
