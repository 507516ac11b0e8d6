#include "golang/netpoll.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "golang/addr_map.h"
#include "schema/poll_desc.h"
#include "target/read_log.h"

namespace parked::golang {

namespace {

constexpr std::uint64_t kChunkSize = 256 << 10;  // runtime.persistentChunkSize
// The chunks hold the runtime's own bookkeeping, a few percent of the heap: this many are 16 GB.
constexpr std::size_t kMaxChunks = 1 << 16;
constexpr std::size_t kMaxFree = 1 << 24;

constexpr Addr kPollWait = 2;
constexpr std::int64_t kMaxFd = INT32_MAX;
constexpr std::int64_t kExpired = -1;  // pollDesc.rd and wd
constexpr std::string_view kDescriptors = "poll descriptors";

// The descriptors that were closed: pollcache.first lists them for reuse.
AddrMap readFreeList(Snapshot& snapshot, Access& access, const schema::PollDescLayout& layout) {
  AddrMap free;
  const Addr cache = access.variable("runtime.pollcache");
  const auto first = schema::PollCacheLayout::of(access.layouts).first;
  Addr at = 0;
  if (cache == 0 || !first) return free;
  bool readable = access.memory.read(cache + first.offset, at);
  while (readable && at != 0 && free.size() < kMaxFree && free.insert(at, 0)) {
    readable = access.memory.read(at + layout.link.offset, at);
  }
  if (!readable || at != 0) {
    snapshot.incomplete.add(kDescriptors, "the list of those that were closed is damaged", cache);
  }
  return free;
}

/// Addresses of the g's, gathered when somebody asks.
class Goroutines {
 public:
  explicit Goroutines(const Snapshot& snapshot) : snapshot_(snapshot) {}
  bool contains(Addr g) {
    if (known_.empty()) {
      for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
        known_.insert(snapshot_.goroutines[i].address, i);
      }
    }
    return known_.contains(g);
  }

 private:
  const Snapshot& snapshot_;
  AddrMap known_;
};

/// Whether what points at itself is a descriptor: the runtime's records of finalizers lie in the
/// same chunks, and a list of them may have a pointer back to where its descriptor would begin.
bool isDescriptor(const image::Object& object, const schema::PollDescLayout& layout,
                  Goroutines& goroutines) {
  const auto isWaiter = [&](Addr g) { return g <= kPollWait || goroutines.contains(g); };
  return object[layout.fd] <= static_cast<std::uint64_t>(kMaxFd) &&
         isWaiter(object[layout.reader]) && isWaiter(object[layout.writer]) &&
         object[layout.readDeadline] >= kExpired && object[layout.writeDeadline] >= kExpired;
}

/// Where goroutines wait for descriptors there are some.
void sayIfMissed(Snapshot& snapshot, Addr chunks) {
  const bool waits = std::ranges::any_of(snapshot.goroutines, [&](const Goroutine& goroutine) {
    return snapshot.reasonOf(goroutine) == ReasonClass::ioWait;
  });
  if (waits && snapshot.fds.empty()) {
    snapshot.incomplete.add(kDescriptors, "the runtime's memory for them was not found", chunks);
  }
}

}  // namespace

void readPollFds(Snapshot& snapshot, Access& access) {
  const auto layout = schema::PollDescLayout::of(access.layouts);
  const Addr chunks = access.variable("runtime.persistentChunks");
  Addr chunk = 0;
  // A program that never opens a file or socket through the poller has no such type.
  if (!layout.known()) return;
  if (chunks == 0 || !access.memory.read(chunks, chunk)) {
    sayIfMissed(snapshot, chunks);
    return;
  }
  const AddrMap free = readFreeList(snapshot, access, layout);
  AddrMap seen;
  Goroutines goroutines(snapshot);
  while (chunk != 0 && seen.size() < kMaxChunks && seen.insert(chunk, 0)) {
    auto bytes = access.memory.view(chunk, kChunkSize);
    if (bytes.empty()) {
      snapshot.incomplete.add(kDescriptors, "the runtime's memory for them is not readable", chunk);
      bytes = access.memory.viewUpTo(chunk, kChunkSize);
      if (bytes.size() < sizeof(Addr)) break;
    }
    // A descriptor in use points at itself.
    for (std::size_t at = 0; at + layout.size <= bytes.size(); at += sizeof(Addr)) {
      const Addr address = chunk + at;
      Addr self = 0;
      std::memcpy(&self, bytes.data() + at + layout.self.offset, sizeof self);
      if (self != address || free.contains(address)) continue;
      target::ReadLog::Trial trial(access.memory.log());
      const image::Object object = image::readObject(access.memory, address, layout.size);
      PollFd fd;
      fd.address = address;
      if (!isDescriptor(object, layout, goroutines)) continue;
      access.memory.note(address + layout.self.offset, sizeof self);
      fd.fd = static_cast<std::int64_t>(object[layout.fd]);
      if (const Addr g = object[layout.reader]; g > kPollWait) fd.reader = g;
      if (const Addr g = object[layout.writer]; g > kPollWait) fd.writer = g;
      fd.readDeadline = object[layout.readDeadline];
      fd.writeDeadline = object[layout.writeDeadline];
      snapshot.fds.push_back(fd);
      trial.keep();
    }
    access.memory.note(chunk, sizeof chunk);
    std::memcpy(&chunk, bytes.data(), sizeof chunk);
  }
  std::ranges::sort(snapshot.fds, {}, &PollFd::fd);
  sayIfMissed(snapshot, chunks);
}

void readPollFds(Snapshot& snapshot) {
  ImageCode code(*snapshot.image);
  ImageAccess access(*snapshot.image, code);
  readPollFds(snapshot, access);
}

}  // namespace parked::golang
