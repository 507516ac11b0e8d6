#include "image/itab_layout.h"

#include <string>
#include <vector>

namespace parked::image {

ItabLayout ItabLayout::of(LayoutSource& layouts) {
  ItabLayout layout;
  std::vector<std::string> missing;
  Binder itab(layouts,
              layouts.find("internal/abi.ITab") != nullptr ? "internal/abi.ITab" : "runtime.itab",
              missing);
  layout.size = itab.size();
  itab.optional(layout.type, "Type", "_type");
  itab.optional(layout.interface, "Inter", "inter");
  return layout;
}

}  // namespace parked::image
