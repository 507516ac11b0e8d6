// Unwinding a goroutine's stack exactly as the runtime does, by pcsp.
// Mirrors runtime/traceback.go (unwinder), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
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
  Addr pc = 0, sp = 0;
  Addr lr = 0;  ///< the link register, where there is one
  Addr stackLo = 0, stackHi = 0;
  /// The pair comes from a thread's registers: pc is the instruction that comes next. Otherwise it
  /// was saved by the runtime (g.sched, g.syscallpc) and pc is a return address.
  bool trap = false;
  bool syscall = false;  ///< the pair is g.syscallpc and g.syscallsp
};

/// Why unwinding ended.
enum class UnwindEnd : std::uint8_t {
  top,            ///< at the outermost frame: complete
  unknownPc,      ///< no Go function, or one without a frame size, covers the pc
  unreadable,     ///< a return address is not in the target's memory
  outsideStack,   ///< the frame would reach beyond the stack
  stackSwitched,  ///< the function writes SP itself (SPWRITE)
  limit,          ///< more frames than asked for
};

/// One clause for the list of what is incomplete.
std::string_view describe(UnwindEnd end);

/// Unwinds with a cache of pc -> frame shape, so that a million goroutines parked at the same few
/// places cost one word read and one hash look-up a frame.
class Unwinder {
 public:
  explicit Unwinder(image::Image& image);
  /// `version` decides one thing: up to 1.20 Go's traceback looks the caller of asyncPreempt up as
  /// if it had called it, since 1.21 at the instruction where it was preempted.
  Unwinder(target::AddressSpace& memory, const image::FunctionTable& functions,
           const arch::Architecture& arch, const image::GoVersion& version);
  ~Unwinder();

  /// Appends the frames, innermost first, at most `limit`. Terminates on any memory: every step
  /// moves towards the stack's upper end.
  UnwindEnd unwind(const UnwindStart& start, std::vector<Frame>& out, std::size_t limit = 10000);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The frames of a goroutine of the snapshot with their addresses, unwound again on demand.
std::vector<Frame> framesOf(const Snapshot& snapshot, const Goroutine& goroutine);
/// The same for many goroutines: the unwinder of the snapshot's image keeps what it learned.
void framesOf(const Snapshot& snapshot, const Goroutine& goroutine, Unwinder& unwinder,
              std::vector<Frame>& frames);

/// The arguments of a frame as Go's traceback prints them between the parentheses:
/// "0xc000012345, {0x1, 0x2}, ...", with "?" behind a value that may be stale.
/// Mirrors runtime/traceback.go (printArgs).
std::string formatArguments(image::Image& image, const Frame& frame);

}  // namespace parked::golang
