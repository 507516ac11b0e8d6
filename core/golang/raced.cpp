#include "golang/raced.h"

#include <vector>

#include "schema/layouts.h"
#include "target/proc.h"

namespace parked::golang {

namespace {

/// Whether the goroutine went on between the two looks at its g.
bool wentOn(const schema::GLayout& layout, const image::Object& before,
            const image::Object& after) {
  const auto differs = [&](const auto& field) { return before[field] != after[field]; };
  return ((before[layout.atomicStatus] ^ after[layout.atomicStatus]) & ~schema::kScanBit) != 0 ||
         differs(layout.goid) || differs(layout.schedSp) || differs(layout.schedPc) ||
         differs(layout.syscallSp) || differs(layout.syscallPc) || differs(layout.stackLo) ||
         differs(layout.waiting) || differs(layout.waitReason) || differs(layout.param) ||
         differs(layout.selectDone);
}

}  // namespace

std::size_t markRaced(Snapshot& snapshot) {
  target::Target& target = snapshot.image->target();
  if (target.kind() != target::Kind::liveUnstopped) return 0;
  const auto layouts = schema::bindLayouts(snapshot.image->layouts());
  if (!layouts) return 0;
  const target::ProcessReader again(target.readableId());
  std::vector<std::byte> bytes(layouts->g.size);
  std::size_t raced = 0;
  for (Goroutine& goroutine : snapshot.goroutines) {
    // Of one that ran nothing but this was read.
    if (goroutine.status == Status::running) continue;
    const image::Object before =
        image::readObject(target.memory(), goroutine.address, layouts->g.size);
    const bool read = again.read(goroutine.address, bytes);
    if (!read || wentOn(layouts->g, before, image::Object(goroutine.address, bytes))) {
      goroutine.inFlux = true;
      ++raced;
    }
  }
  return raced;
}

}  // namespace parked::golang
