#include "proof/orphan_waits.h"

#include <algorithm>

#include "proof/candidates.h"
#include "target/descriptors.h"

namespace parked::proof {

using golang::ObjectKind;
using golang::Status;
using golang::Wait;

namespace {

bool hasDeadline(const golang::Snapshot& snapshot, const Wait& wait) {
  if (wait.object >= snapshot.fds.size()) return true;  // not known which descriptor
  const golang::PollFd& fd = snapshot.fds[wait.object];
  return (wait.op == golang::WaitOp::write ? fd.writeDeadline : fd.readDeadline) != 0;
}

bool ofTimer(const golang::Snapshot& snapshot, const Wait& wait, const OrphanTimers& timers) {
  if (wait.kind != ObjectKind::channel || wait.op != golang::WaitOp::receive) return false;
  return timers.sendsTo(wait.address) ||
         (wait.object < snapshot.channels.size() && snapshot.channels[wait.object].timer != 0);
}

}  // namespace

OrphanWaits orphanWaits(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine,
                        const OrphanTimers& timers) {
  OrphanWaits result;
  if (goroutine.id == golang::kMainGoroutine || goroutine.status != Status::waiting ||
      goroutine.system || goroutine.inFlux) {
    return result;
  }
  if (goroutine.m != 0) return {Fate::undecided};
  const auto waits = snapshot.waitsOf(goroutine);
  if (waits.empty()) return {Fate::undecided};
  for (const Wait& wait : waits) {
    if (isForEver(wait.kind)) return {Fate::leaked};
    switch (wait.kind) {
      case ObjectKind::timer:
        result.clock = true;
        continue;
      case ObjectKind::fd:
        if (hasDeadline(snapshot, wait)) return {};
        result.network = true;
        continue;
      case ObjectKind::unknown:
        return {Fate::undecided};
      default:
        break;
    }
    if (!isWatched(wait.kind)) return {};
    if (!isCertain(snapshot, goroutine, wait)) return {Fate::undecided};
    (ofTimer(snapshot, wait, timers) ? result.clock : result.given) = true;
  }
  result.fate = Fate::leaked;
  return result;
}

Connections::Connections(const golang::Snapshot& snapshot, const heap::Heap& heap)
    : target_(snapshot.image->target()), memory_(target_.memory()), heap_(heap) {
  std::vector<std::string> missing;
  image::Binder connection(snapshot.image->libraryLayouts(), "net.netFD", missing);
  connection.optional(pollDesc_, "pfd.pd.runtimeCtx");
  connection.optional(connected_, "isConnected");
  image::Binder file(snapshot.image->libraryLayouts(), "os.file", missing);
  file.optional(ofFile_, "pfd.pd.runtimeCtx");
}

/// Who is held and has the pollDesc in this field; `size` bytes of him are read.
heap::ObjectRef Connections::holder(image::Field<Addr> field, Addr pollDesc, std::uint64_t size,
                                    std::span<const HeldPointer> held) const {
  for (const HeldPointer& pointer : held) {
    const heap::ObjectRef object = heap_.find(pointer.value);
    if (object && heap_.allocated(object) && heap_.spans()[object.span].elementSize >= size &&
        memory_.pointer(heap_.address(object) + field.offset) == pollDesc) {
      return object;
    }
  }
  return {};
}

heap::ObjectRef Connections::dialled(Addr pollDesc, std::span<const HeldPointer> held) const {
  if (!pollDesc_ || !connected_) return {};
  const std::uint64_t end =
      std::max<std::uint64_t>(pollDesc_.offset + sizeof(Addr), connected_.offset + 1);
  const heap::ObjectRef object = holder(pollDesc_, pollDesc, end, held);
  if (!object) return {};
  const auto connected = memory_.bytes(heap_.address(object) + connected_.offset, 1);
  return !connected.empty() && connected.front() == std::byte{1} ? object : heap::ObjectRef();
}

heap::ObjectRef Connections::inotify(const golang::PollFd& fd,
                                     std::span<const HeldPointer> held) const {
  if (!ofFile_ || target::linkOf(target_, fd.fd) != "anon_inode:inotify") return {};
  return holder(ofFile_, fd.address, ofFile_.offset + sizeof(Addr), held);
}

}  // namespace parked::proof
