// runtime.m: a thread, and the list of them. Mirrors runtime/runtime2.go and runtime/proc.go
// (allm), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/layout.h"

namespace parked::schema {

/// More threads than any program has.
inline constexpr std::size_t kMostMs = 1 << 20;

struct MLayout {
  std::uint32_t size = 0;
  image::Field<Addr> g0, gsignal, curg;
  image::Field<std::uint64_t> procId;  ///< the thread's id
  image::Field<Addr> vdsoSp, vdsoPc;
  image::Field<std::int64_t> id;  ///< as Go's traceback prints it, "m="
  image::Field<Addr> next;        ///< in the list of all
  image::Field<Addr> p;
  // What it notes as it dies.
  image::Field<Addr> caughtSignal;
  image::Field<std::int32_t> dying, throwing;

  /// To `missing` go the names of fields that no walker of stacks can do without.
  static MLayout of(image::LayoutSource& source, std::vector<std::string>& missing);
  static MLayout of(image::LayoutSource& source);
};

/// Calls visit(Object) for each m from `first`, the value of runtime.allm, on: the newest comes
/// first. False if one is not readable, or the list is longer than any.
template <class Visit>
bool forEachM(target::AddressSpace& memory, const MLayout& layout, Addr first, Visit visit) {
  std::size_t count = 0;
  for (Addr at = first; at != 0; ++count) {
    const image::Object m = image::readObject(memory, at, layout.size);
    if (!m || count >= kMostMs) return false;
    visit(m);
    at = m[layout.next];
  }
  return true;
}

}  // namespace parked::schema
