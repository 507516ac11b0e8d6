#include "golang/snapshot.h"

#include <algorithm>

#include "golang/clock.h"
#include "golang/crash.h"
#include "golang/goroutines.h"
#include "golang/netpoll.h"
#include "golang/panics.h"
#include "golang/reasons.h"
#include "golang/timer_heaps.h"
#include "golang/timers.h"
#include "golang/waits.h"
#include "schema/layouts.h"

namespace parked::golang {

const Goroutine* Snapshot::byId(std::uint64_t id) const {
  const auto it = std::ranges::lower_bound(goroutines, id, {}, &Goroutine::id);
  return it != goroutines.end() && it->id == id ? &*it : nullptr;
}

namespace {

/// Half-read, they would say that a waker is on its way, or nobody.
void dropWaits(Snapshot& snapshot) {
  for (Goroutine& goroutine : snapshot.goroutines) {
    goroutine.firstWait = 0;
    goroutine.waitCount = 0;
  }
  snapshot.waits.clear();
  snapshot.channels.clear();
  snapshot.locks.clear();
}

}  // namespace

Result<std::unique_ptr<Snapshot>> takeSnapshot(image::Image& image, Observer* observer,
                                               Timings* timings) {
  const auto layouts = schema::bindLayouts(image.layouts());
  if (!layouts) return tl::unexpected(layouts.error());

  auto snapshot = std::make_unique<Snapshot>();
  snapshot->image = &image;
  readReasons(*snapshot);
  if (auto done = readGoroutines(*snapshot, *layouts, observer, timings); !done) {
    return tl::unexpected(done.error());
  }
  readRuntimeState(*snapshot);
  {
    Timings::Scope scope(timings, "panics");
    readPanics(*snapshot);
    readCrash(*snapshot, *layouts);
  }
  if (!snapshot->interrupted) {
    // Before the waits: they refer to timers and descriptors.
    Timings::Scope scope(timings, "timers");
    readTimers(*snapshot);
    readPollFds(*snapshot);
  }
  if (!snapshot->interrupted) {
    Timings::Scope scope(timings, "waits");
    resolveWaits(*snapshot, observer);
    snapshot->interrupted = observer != nullptr && observer->cancelled();
  }
  {
    Timings::Scope scope(timings, "clock");
    readClock(*snapshot);
  }
  if (snapshot->interrupted) {
    dropWaits(*snapshot);
    snapshot->incomplete.add(kInterrupted, "goroutines, stacks or what they wait on were not read");
  }
  return snapshot;
}

}  // namespace parked::golang
