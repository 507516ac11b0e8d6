#include "schema/sched.h"

#include <string>
#include <vector>

namespace parked::schema {

SchedLayout SchedLayout::of(image::LayoutSource& source) {
  SchedLayout sched;
  std::vector<std::string> missing;
  image::Binder binder(source, "runtime.schedt", missing);
  binder.optional(sched.goids, "goidgen");
  binder.optional(sched.threads, "mnext");
  binder.optional(sched.freed, "nmfreed");
  binder.optional(sched.lastPoll, "lastpoll");
  return sched;
}

}  // namespace parked::schema
