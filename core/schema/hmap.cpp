#include "schema/hmap.h"

#include <string>
#include <vector>

namespace parked::schema {

HmapLayout HmapLayout::of(image::LayoutSource& source) {
  HmapLayout map;
  std::vector<std::string> missing;
  image::Binder binder(source, "runtime.hmap", missing);
  map.size = binder.size();
  binder.optional(map.count, "count");
  binder.optional(map.flags, "flags");
  binder.optional(map.bits, "B");
  binder.optional(map.buckets, "buckets");
  binder.optional(map.oldBuckets, "oldbuckets");
  return map;
}

}  // namespace parked::schema
