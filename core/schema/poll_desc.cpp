#include "schema/poll_desc.h"

#include <string>
#include <vector>

namespace parked::schema {

PollDescLayout PollDescLayout::of(image::LayoutSource& source) {
  PollDescLayout layout;
  std::vector<std::string> missing;
  image::Binder binder(source, "runtime.pollDesc", missing);
  layout.size = binder.size();
  binder.optional(layout.link, "link");
  binder.optional(layout.fd, "fd");
  binder.optional(layout.reader, "rg");
  binder.optional(layout.writer, "wg");
  binder.optional(layout.readDeadline, "rd");
  binder.optional(layout.writeDeadline, "wd");
  binder.optional(layout.self, "self");
  return layout;
}

PollCacheLayout PollCacheLayout::of(image::LayoutSource& source) {
  PollCacheLayout layout;
  std::vector<std::string> missing;
  image::Binder binder(source, "runtime.pollCache", missing);
  binder.optional(layout.first, "first");
  return layout;
}

}  // namespace parked::schema
