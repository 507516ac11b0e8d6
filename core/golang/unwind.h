// Unwinding a goroutine's stack exactly as the runtime does, by pcsp.
// Mirrors runtime/traceback.go (unwinder), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "golang/snapshot.h"
#include "image/image.h"

namespace parked::golang {

/// One physical frame with its addresses, as the GC and Go's own traceback see it.
struct Frame {
  Addr pc = 0;
  bool exact = false;  ///< see FramePc
  Addr sp = 0;
  Addr fp = 0;    ///< caller's sp
  Addr varp = 0;  ///< top of the locals
  Addr argp = 0;  ///< where the in-args start
  image::FuncIndex function = image::kNoFunc;
};

struct UnwindStart {
  Addr pc = 0, sp = 0, lr = 0;
  Addr stackLo = 0, stackHi = 0;
};

/// Why unwinding ended.
enum class UnwindEnd : std::uint8_t { top, unknownPc, unreadable, outsideStack, limit };

/// Unwinds with a cache of pc -> frame shape, so that a million goroutines parked at the same few
/// places cost one word read and one hash look-up a frame.
class Unwinder {
 public:
  explicit Unwinder(image::Image& image);
  ~Unwinder();

  /// Appends the frames, innermost first, at most `limit`.
  UnwindEnd unwind(const UnwindStart& start, std::vector<Frame>& out, std::size_t limit = 10000);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The frames of a goroutine of the snapshot with their addresses, unwound again on demand.
std::vector<Frame> framesOf(const Snapshot& snapshot, const Goroutine& goroutine);

/// The arguments of a frame as Go's traceback prints them between the parentheses:
/// "0xc000012345, {0x1, 0x2}, ...", with "?" behind a value that may be stale.
/// Mirrors runtime/traceback.go (printArgs).
std::string formatArguments(image::Image& image, const Frame& frame);

}  // namespace parked::golang
