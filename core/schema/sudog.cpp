#include "schema/sudog.h"

namespace parked::schema {

SudogLayout SudogLayout::of(image::LayoutSource& source, std::vector<std::string>& missing) {
  SudogLayout sudog;
  image::Binder binder(source, "runtime.sudog", missing);
  sudog.size = binder.size();
  binder.required(sudog.g, "g");
  binder.required(sudog.next, "next");
  binder.required(sudog.prev, "prev");
  binder.required(sudog.waitLink, "waitlink");
  binder.required(sudog.elem, "elem.vu", "elem");
  binder.required(sudog.channel, "c.maybeTraceablePtr.vu", "c.vu", "c");
  binder.optional(sudog.tracedElem, "elem.vp", "elem");
  binder.optional(sudog.tracedChannel, "c.maybeTraceablePtr.vp", "c.vp", "c");
  binder.required(sudog.isSelect, "isSelect");
  return sudog;
}

SudogLayout SudogLayout::of(image::LayoutSource& source) {
  std::vector<std::string> missing;
  return of(source, missing);
}

}  // namespace parked::schema
