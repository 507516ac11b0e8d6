#include "schema/layouts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <vector>

namespace parked::schema {

Result<Layouts> bindLayouts(image::LayoutSource& source) {
  std::vector<std::string> missing;
  Layouts layouts{GLayout::of(source, missing), MLayout::of(source, missing)};
  if (!missing.empty()) {
    return fail(ErrorCode::unsupported,
                fmt::format("the layout of the runtime's structs is not known ({}): missing {}",
                            source.origin(), fmt::join(missing, ", ")));
  }
  return layouts;
}

}  // namespace parked::schema
