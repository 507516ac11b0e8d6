// The library's locks, and the list of those that a Cond has parked. Mirrors sync/mutex.go,
// sync/rwmutex.go, sync/waitgroup.go, sync/cond.go, sync/once.go and runtime/sema.go (notifyList),
// Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/layout.h"

namespace parked::schema {

/// Of sync.Mutex, RWMutex, WaitGroup, Cond and Once. A program that does not use a type has none of
/// its fields.
struct SyncLayout {
  static constexpr std::uint32_t kAbsent = image::Field<std::uint32_t>::kAbsent;
  image::Field<std::int32_t> mutexState;
  image::Field<std::uint32_t> mutexSema;
  std::uint32_t rwInner = kAbsent;  ///< the mutex that writers take
  image::Field<std::uint32_t> rwWriterSem, rwReaderSem;
  image::Field<std::int32_t> rwReaderCount, rwReaderWait;
  image::Field<std::uint64_t> groupState;
  image::Field<std::uint32_t> groupSema;
  std::uint32_t condNotify = kAbsent;  ///< a runtime.notifyList
  std::uint32_t condLocker = kAbsent;
  image::Field<std::uint32_t> onceDone;
  std::uint32_t onceMutex = kAbsent;

  static SyncLayout of(image::LayoutSource& source);
};

/// runtime.notifyList
struct NotifyListLayout {
  std::uint32_t size = 0;
  image::Field<std::uint32_t> wait, notify;  ///< tickets: the next one, and the next to be notified
  image::Field<std::uint64_t> lock;
  image::Field<Addr> head, tail;

  /// To `missing` go the names of fields that no walker of the list can do without.
  static NotifyListLayout of(image::LayoutSource& source, std::vector<std::string>& missing);
};

}  // namespace parked::schema
