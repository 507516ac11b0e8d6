// Where a goroutine's stack is unwound from: what the scheduler saved, or the registers of its
// thread. Mirrors runtime/traceback.go (unwinder.initAt, traceback1) and the signal frames of
// runtime/sys_linux_GOARCH.s, Go 1.18 to 1.27.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "golang/snapshot.h"
#include "golang/unwind.h"
#include "schema/layouts.h"

namespace parked::golang {

struct StackStart {
  UnwindStart start;
  Index thread = kNone;  ///< into Target::threads(): the one it runs on or is in a syscall with
  std::optional<std::string_view> problem;  ///< why there is no start
  bool momentary = false;                   ///< the problem is normal for a moment
};

class StackStarts {
 public:
  StackStarts(image::Image& image, const schema::Layouts& layouts, Unwinder& unwinder);

  /// `g` is the goroutine's g, `goroutine` what was read of it so far (status, stack, m).
  StackStart find(const Goroutine& goroutine, const image::Object& g);

  struct Point {
    Addr pc = 0, sp = 0, lr = 0;
  };
  struct Bounds {
    Addr lo = 0, hi = 0;
    bool contains(Addr sp) const { return sp >= lo && sp < hi; }
  };
  /// The stack of a g: a goroutine's, or an m's g0 or gsignal.
  Bounds stackOf(Addr g) const;
  /// Thread that runs the m, kNone if it is not known.
  Index threadOf(const image::Object& m) const;
  /// A signal in whose handler a thread is, and where the thread was when it came.
  struct Arrival {
    std::optional<target::SignalInfo> signal;
    Point at;
  };
  /// Where the thread of an m would be without the signal handlers it is in; nullopt if a handler
  /// cannot be unwound. Their signals, the last one first, go to `arrivals`, which may be null.
  std::optional<Point> withoutSignals(const image::Object& m, const target::Thread& thread,
                                      std::vector<Arrival>* arrivals = nullptr);

 private:
  StackStart saved(const Goroutine& goroutine, const image::Object& g) const;
  void running(const Goroutine& goroutine, const image::Object& g, const image::Object& m,
               StackStart& result);
  void fromScheduler(const Goroutine& goroutine, const image::Object& g, const image::Object& m,
                     StackStart& result) const;
  void fromRegisters(const Point& point, const Goroutine& goroutine, const image::Object& g,
                     const image::Object& m, StackStart& result) const;
  bool isGogo(Addr pc) const;
  bool returnsFromSignal(const Point& point);
  bool interrupted(const Bounds& signalStack, const Point& handler, Arrival& out);

  image::Image& image_;
  target::AddressSpace& memory_;
  const schema::Layouts& layouts_;
  Unwinder& unwinder_;
  std::unordered_map<std::uint64_t, Index> threads_;  // by tid
  std::vector<Frame> scratch_;
};

}  // namespace parked::golang
