#include "golang/m_ids.h"

#include "schema/m.h"

namespace parked::golang {

MIds::MIds(image::Image& image) : memory_(image.target().memory()) {
  id_ = schema::MLayout::of(image.layouts()).id;
}

std::optional<std::int64_t> MIds::read(Addr m) const {
  std::int64_t id = 0;
  if (m == 0 || !id_ || !memory_.read(m + id_.offset, id)) return std::nullopt;
  return id;
}

}  // namespace parked::golang
