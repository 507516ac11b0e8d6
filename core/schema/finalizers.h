// The queues of finalizers and cleanups that are about to run. Mirrors runtime/mfinal.go
// (finBlock, finalizer) and runtime/mcleanup.go (cleanupQueue, cleanupBlock), Go 1.18 to 1.27.
#pragma once

#include <cstdint>

#include "image/layout.h"

namespace parked::schema {

/// More blocks, of 4 KB each, than any queue has.
inline constexpr std::size_t kMostBlocks = 1 << 20;

/// A block of a list of them: runtime.allfin, or that of cleanups.
struct BlockLayout {
  std::uint32_t size = 0;
  image::Field<Addr> link;  ///< in the list of all
  image::Field<std::uint32_t> used;
  std::uint32_t entries = image::Field<Addr>::kAbsent;
  std::uint32_t entrySize = 0;
  /// Entries are records: a runtime.finalizer, or since 1.26 a runtime.cleanupFn. In 1.25 a cleanup
  /// is a func value.
  bool hasRecords = false;
  bool queuedAreCounted = false;  ///< finalizers: queuefinalizer adds to a count, since 1.25

  static BlockLayout ofFinalizers(image::LayoutSource& source);
  static BlockLayout ofCleanups(image::LayoutSource& source);
};

/// runtime.gcCleanups, since 1.25.
struct CleanupQueueLayout {
  bool exists = false;
  image::Field<Addr> all;  ///< the list of all blocks

  static CleanupQueueLayout of(image::LayoutSource& source);
};

}  // namespace parked::schema
