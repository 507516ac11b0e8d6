// The texts of core/layouts.
#include "base/embedded_file.h"
#include "image/table_layouts.h"

PARKED_EMBED(layout_releases, PARKED_LAYOUTS_DIR "/releases.txt")
PARKED_EMBED(layout_sets, PARKED_LAYOUTS_DIR "/sets.txt")
PARKED_EMBED(layout_structs, PARKED_LAYOUTS_DIR "/structs.txt")

namespace parked::image {

LayoutTables shippedTables() {
  return {{parked_layout_releases, parked_layout_releases_end},
          {parked_layout_sets, parked_layout_sets_end},
          {parked_layout_structs, parked_layout_structs_end}};
}

}  // namespace parked::image
