#include "schema/p.h"

#include <string>
#include <vector>

#include "schema/slice.h"

namespace parked::schema {

PLayout PLayout::of(image::LayoutSource& source) {
  PLayout p;
  std::vector<std::string> missing;
  image::Binder binder(source, "runtime.p", missing);
  p.size = binder.size();
  binder.optional(p.id, "id");
  binder.optional(p.status, "status");
  binder.optional(p.m, "m");
  binder.optional(p.schedWhen, "sysmontick.schedwhen");
  binder.optional(p.syscallWhen, "sysmontick.syscallwhen");
  p.timers = binder.offsetOf("timers", false);
  p.timerHeap = binder.offsetOf("timers.heap", false);
  if (p.timerHeap == kAbsent) p.timerHeap = p.timers;
  binder.optional(p.timersCount, "timers.len", "numTimers");
  binder.optional(p.timersLock, "timers.mu.key", "timersLock.key");
  return p;
}

std::optional<PList> PList::read(target::AddressSpace& memory, Addr allp) {
  Slice slice;
  if (!readSlice(memory, allp, slice) || slice.length > kMostPs) return std::nullopt;
  return PList(memory, slice.data, slice.length);
}

std::optional<Addr> PList::at(std::uint64_t number) const {
  Addr p = 0;
  return memory_->read(data_ + number * sizeof(Addr), p) ? std::optional(p) : std::nullopt;
}

}  // namespace parked::schema
