#include "schema/m.h"

namespace parked::schema {

MLayout MLayout::of(image::LayoutSource& source, std::vector<std::string>& missing) {
  MLayout m;
  image::Binder binder(source, "runtime.m", missing);
  m.size = binder.size();
  binder.required(m.g0, "g0");
  binder.required(m.gsignal, "gsignal");
  binder.required(m.curg, "curg");
  binder.required(m.procId, "procid");
  binder.optional(m.vdsoSp, "vdsoSP");
  binder.optional(m.vdsoPc, "vdsoPC");
  binder.optional(m.id, "id");
  binder.optional(m.next, "alllink");
  binder.optional(m.p, "p");
  binder.optional(m.caughtSignal, "caughtsig");
  binder.optional(m.dying, "dying");
  binder.optional(m.throwing, "throwing");
  return m;
}

MLayout MLayout::of(image::LayoutSource& source) {
  std::vector<std::string> missing;
  return of(source, missing);
}

}  // namespace parked::schema
