#include "golang/snapshot.h"

#include <algorithm>

#include "golang/clock.h"
#include "golang/goroutines.h"
#include "golang/layouts.h"
#include "golang/netpoll.h"
#include "golang/reasons.h"
#include "golang/timers.h"
#include "golang/waits.h"

namespace parked::golang {

const Goroutine* Snapshot::byId(std::uint64_t id) const {
  const auto it = std::ranges::lower_bound(goroutines, id, {}, &Goroutine::id);
  return it != goroutines.end() && it->id == id ? &*it : nullptr;
}

Result<std::unique_ptr<Snapshot>> takeSnapshot(image::Image& image, Observer* observer,
                                               Timings* timings) {
  const auto layouts = bindLayouts(image.layouts());
  if (!layouts) return tl::unexpected(layouts.error());

  auto snapshot = std::make_unique<Snapshot>();
  snapshot->image = &image;
  readReasons(*snapshot);
  if (auto done = readGoroutines(*snapshot, *layouts, observer, timings); !done) {
    return tl::unexpected(done.error());
  }
  {
    Timings::Scope scope(timings, "clock");
    readClock(*snapshot, layouts->clock);
  }
  {
    // Before the waits: they refer to timers and descriptors.
    Timings::Scope scope(timings, "timers");
    readTimers(*snapshot);
    readPollFds(*snapshot);
  }
  {
    Timings::Scope scope(timings, "waits");
    resolveWaits(*snapshot, observer);
  }
  if (observer != nullptr && observer->cancelled()) {
    return fail(ErrorCode::interrupted, "interrupted");
  }
  return snapshot;
}

}  // namespace parked::golang
