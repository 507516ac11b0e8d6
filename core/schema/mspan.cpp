#include "schema/mspan.h"

namespace parked::schema {

MspanLayout MspanLayout::of(image::LayoutSource& source, std::vector<std::string>& missing) {
  MspanLayout span;
  image::Binder binder(source, "runtime.mspan", missing);
  span.size = binder.size();
  binder.required(span.startAddr, "startAddr");
  binder.required(span.pages, "npages");
  binder.required(span.limit, "limit");
  binder.required(span.elementSize, "elemsize");
  binder.required(span.state, "state");
  binder.required(span.spanClass, "spanclass");
  binder.required(span.allocBits, "allocBits");
  binder.required(span.markBits, "gcmarkBits");
  binder.required(span.sweepGeneration, "sweepgen");
  binder.required(span.specials, "specials");
  binder.optional(span.objects16, "nelems");
  binder.optional(span.freeIndex16, "freeindex");
  if (!span.objects16) binder.required(span.objects64, "nelems");
  if (!span.freeIndex16) binder.required(span.freeIndex64, "freeindex");
  binder.optional(span.largeType, "largeType");
  binder.optional(span.pinnerBits, "pinnerBits");
  binder.optional(span.userArena, "isUserArenaChunk");
  return span;
}

MspanLayout MspanLayout::of(image::LayoutSource& source) {
  std::vector<std::string> missing;
  return of(source, missing);
}

}  // namespace parked::schema
