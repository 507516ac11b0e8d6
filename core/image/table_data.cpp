// The texts of core/layouts.
#include "base/embedded_file.h"
#include "image/table_layouts.h"

PARKED_EMBED(layout_releases, PARKED_LAYOUTS_DIR "/releases.txt.gz")
PARKED_EMBED(layout_sets, PARKED_LAYOUTS_DIR "/sets.txt.gz")
PARKED_EMBED(layout_structs, PARKED_LAYOUTS_DIR "/structs.txt.gz")

namespace parked::image {

LayoutTables shippedTables() {
  return {shippedReleases(), PARKED_EMBEDDED(layout_sets), PARKED_EMBEDDED(layout_structs)};
}

std::string_view shippedReleases() { return PARKED_EMBEDDED(layout_releases); }

}  // namespace parked::image
