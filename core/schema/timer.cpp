#include "schema/timer.h"

namespace parked::schema {

TimerLayout TimerLayout::of(image::LayoutSource& source, std::vector<std::string>& missing) {
  TimerLayout timer;
  image::Binder binder(source, "runtime.timer", missing);
  timer.size = binder.size();
  binder.required(timer.when, "when");
  binder.required(timer.period, "period");
  binder.required(timer.function, "f");
  timer.argument = binder.offsetOf("arg", true);
  binder.optional(timer.nextWhen, "nextwhen");
  binder.optional(timer.status, "status");
  binder.optional(timer.p, "pp");
  binder.optional(timer.state, "state");
  binder.optional(timer.timers, "ts");
  binder.optional(timer.isFake, "isFake");
  binder.optional(timer.lock, "mu.key");
  if (!timer.state && !timer.status) missing.emplace_back("runtime.timer.state");
  return timer;
}

TimerLayout TimerLayout::of(image::LayoutSource& source) {
  std::vector<std::string> missing;
  return of(source, missing);
}

TimerEntryLayout TimerEntryLayout::of(image::LayoutSource& source, bool pairs) {
  TimerEntryLayout entry{.size = sizeof(Addr), .timer = {0}};
  if (!pairs) return entry;
  std::vector<std::string> missing;
  image::Binder binder(source, "runtime.timerWhen", missing);
  entry.size = binder.size();
  binder.optional(entry.timer, "timer");
  return entry;
}

}  // namespace parked::schema
