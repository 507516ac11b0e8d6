// The texts of core/layouts as they are, in the library's read-only data: nothing is read from
// disk, nothing is converted, and what is not asked for is never touched.
#include "image/table_layouts.h"

#define PARKED_EMBED(name, file)                                                                \
  __asm__(".section .rodata\n.global parked_" #name "\n.hidden parked_" #name "\nparked_" #name \
          ":\n.incbin \"" PARKED_LAYOUTS_DIR "/" file "\"\n.global parked_" #name               \
          "_end\n.hidden parked_" #name "_end\nparked_" #name "_end:\n.byte 0\n.previous\n");   \
  extern "C" {                                                                                  \
  extern const char parked_##name[];       /* NOLINT(*-avoid-c-arrays) */                       \
  extern const char parked_##name##_end[]; /* NOLINT(*-avoid-c-arrays) */                       \
  }

PARKED_EMBED(layout_releases, "releases.txt")
PARKED_EMBED(layout_sets, "sets.txt")
PARKED_EMBED(layout_structs, "structs.txt")

namespace parked::image {

LayoutTables shippedTables() {
  return {{parked_layout_releases, parked_layout_releases_end},
          {parked_layout_sets, parked_layout_sets_end},
          {parked_layout_structs, parked_layout_structs_end}};
}

}  // namespace parked::image
