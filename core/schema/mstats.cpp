#include "schema/mstats.h"

#include <string>
#include <vector>

namespace parked::schema {

MstatsLayout MstatsLayout::of(image::LayoutSource& source) {
  MstatsLayout stats;
  std::vector<std::string> missing;
  image::Binder binder(source, "runtime.mstats", missing);
  stats.size = binder.size();
  binder.optional(stats.lastGcUnix, "last_gc_unix");
  binder.optional(stats.lastGcNanotime, "last_gc_nanotime");
  binder.optional(stats.numGc, "numgc");
  binder.optional(stats.pauseEnd, "pause_end");
  return stats;
}

}  // namespace parked::schema
