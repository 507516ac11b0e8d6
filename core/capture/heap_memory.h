// Which parts of the heap a snapshot and the proof may look at, told from the spans alone: what has
// to be copied of a process while it stands still.
// Mirrors runtime/mheap.go (mheap, mspan, mSpanState), Go 1.18 to 1.27.
#pragma once

#include <vector>

#include "base/error.h"
#include "image/image.h"
#include "target/address_space.h"

namespace parked::capture {

/// Whole pages, sorted, each once. The heap's own bookkeeping lies outside of its arenas and is not
/// among them.
struct Needed {
  std::vector<target::Range> stacks;    ///< spans managed by hand: stacks, work buffers of the GC
  std::vector<target::Range> pointers;  ///< spans of objects that hold pointers
  /// Spans of objects that hold none: strings, headers of channels, locks. Of an object larger than
  /// a page only the first page, which has what a walker asks for.
  std::vector<target::Range> values;
};

/// Reads the list of spans. A damaged one, or a process that runs meanwhile, makes the answer wrong
/// but no larger than the memory there is. Errors: unsupported, unreadable, badFormat.
Result<Needed> neededOf(image::Image& image);

/// The parts of `regions` that lie in no arena of the heap, in pieces of 64 MiB at most.
Result<std::vector<target::Range>> outsideOfHeap(image::Image& image,
                                                 const std::vector<target::Range>& regions);

}  // namespace parked::capture
