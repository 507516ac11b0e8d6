#include "schema/defer.h"

#include <string>
#include <vector>

namespace parked::schema {

DeferLayout DeferLayout::of(image::LayoutSource& source) {
  DeferLayout defer;
  std::vector<std::string> missing;
  image::Binder binder(source, "runtime._defer", missing);
  defer.size = binder.size();
  binder.optional(defer.function, "fn");
  binder.optional(defer.link, "link");
  binder.optional(defer.started, "started");
  return defer;
}

}  // namespace parked::schema
