// The objects of package sync behind semaphores and notify lists, and their state.
// Mirrors sync/mutex.go, rwmutex.go, waitgroup.go, cond.go, once.go (since 1.24 also
// internal/sync/mutex.go), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <optional>

#include "golang/access.h"
#include "golang/addr_map.h"
#include "golang/snapshot.h"
#include "schema/sync_types.h"

namespace parked::golang {

/// Which word of which object a goroutine waits on. Each has a row in locks.cpp.
enum class SyncUse : std::uint8_t {
  unknown,
  mutex,          ///< Mutex.sema
  once,           ///< Once.m.sema: somebody else runs the function
  rwMutexInner,   ///< RWMutex.w.sema: a writer waits for another writer
  rwMutexWriter,  ///< RWMutex.writerSem: a writer waits for the readers to leave
  rwMutexReader,  ///< RWMutex.readerSem: a reader waits for a writer
  waitGroup,      ///< WaitGroup.sema
  cond,           ///< Cond.notify
  other,          ///< a bare semaphore (internal/poll.FD, the runtime's own)
};

struct SyncTraits {
  SyncUse value;
  ObjectKind kind;  ///< of the object
  WaitOp op;        ///< what who waits there wants
};

const SyncTraits& traitsOf(SyncUse use);

/// Snapshot::locks while it is being filled: one entry per object, its state decoded.
class LockTable {
 public:
  LockTable(Access& access, std::vector<Lock>& locks);

  /// Where the sync object of that use starts whose word is at `word`; nullopt if the target's
  /// layouts lack the type (then only the word itself can be reported).
  std::optional<Addr> baseOf(SyncUse use, Addr word) const;

  /// sync.Cond's embedded notifyList starts this many bytes into it.
  std::uint32_t condOffset() const { return sync_.condNotify; }

  /// The lock's index, added if it is new; counts one more goroutine that waits on it.
  Index add(SyncUse use, Addr base, Addr word);

  /// Reads the state of every lock. Call it once all waiters are counted: a state that contradicts
  /// them (more parked goroutines than the mutex counts) is not shown as decoded. `goroutines` is
  /// the number of goroutines there are.
  void decode(std::uint64_t goroutines);

 private:
  void decodeMutex(Lock& lock, Addr address, std::uint64_t goroutines) const;
  void decodeRwMutex(Lock& lock, std::uint64_t goroutines) const;
  void decodeWaitGroup(Lock& lock) const;
  void decodeCond(Lock& lock) const;
  void decodeOnce(Lock& lock, std::uint64_t goroutines) const;

  Access& access_;
  std::vector<Lock>& locks_;
  AddrMap byObject_;
  schema::SyncLayout sync_;
  schema::NotifyListLayout list_;
};

}  // namespace parked::golang
