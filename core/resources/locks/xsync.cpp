#include "resources/locks/xsync.h"

#include "golang/addr_map.h"
#include "golang/go_values.h"

namespace parked::resources {

namespace {

using golang::ObjectKind;
using image::Binder;
using image::Field;

constexpr std::string_view kAcquire = "golang.org/x/sync/semaphore.(*Weighted).Acquire";
constexpr std::string_view kWait = "golang.org/x/sync/errgroup.(*Group).Wait";
constexpr std::string_view kGo = "golang.org/x/sync/errgroup.(*Group).Go";

/// semaphore.Weighted.
struct Layout {
  std::uint32_t size = 0;
  Field<std::int64_t> capacity, taken, waiting;
  explicit Layout(image::LayoutSource& layouts) {
    std::vector<std::string> missing;
    Binder binder(layouts, "golang.org/x/sync/semaphore.Weighted", missing);
    size = binder.size();
    binder.optional(capacity, "size");
    binder.optional(taken, "cur");
    binder.optional(waiting, "waiters.len");
  }
  bool known() const { return capacity.exists() && taken.exists() && waiting.exists(); }
};

void readSemaphores(const golang::Snapshot& snapshot, StackIndex& stacks, ExtraSync& found) {
  const auto hits = stacks.in(kAcquire);
  if (hits.empty()) return;
  const Layout layout(snapshot.image->libraryLayouts());
  golang::AddrMap known;
  Index nameless = kNone;
  for (const StackIndex::Hit& hit : hits) {
    WeightedSemaphore semaphore;
    // The receiver's place in the frame may hold something else by now: its state has to fit.
    const Addr receiver = layout.known() ? stacks.argument(hit) : 0;
    const auto object = image::readObject(snapshot.image->target().memory(), receiver, layout.size);
    if (object && object[layout.capacity] >= 0 && object[layout.taken] >= 0 &&
        object[layout.taken] <= object[layout.capacity] && object[layout.waiting] > 0 &&
        static_cast<std::uint64_t>(object[layout.waiting]) <= snapshot.goroutines.size()) {
      semaphore.address = receiver;
      semaphore.size = object[layout.capacity];
      semaphore.taken = object[layout.taken];
    }
    Index at = semaphore.address == 0 ? nameless : known.find(semaphore.address);
    if (at == kNone) {
      at = static_cast<Index>(found.semaphores.size());
      if (semaphore.address == 0) {
        nameless = at;
      } else {
        known.insert(semaphore.address, at);
      }
      found.semaphores.push_back(std::move(semaphore));
    }
    found.semaphores[at].waiters.push_back(hit.goroutine);
  }
}

/// Who waits in Wait of the same group waits for the same WaitGroup, and in Go at the same channel.
void readGroups(const golang::Snapshot& snapshot, const StackIndex& stacks, ExtraSync& found) {
  for (const std::string_view function : {kWait, kGo}) {
    const bool starts = function == kGo;
    golang::AddrMap known;
    for (const StackIndex::Hit& hit : stacks.in(function)) {
      const auto waits = snapshot.waitsOf(snapshot.goroutines[hit.goroutine]);
      const ObjectKind kind = starts ? ObjectKind::channel : ObjectKind::waitGroup;
      if (waits.empty() || waits.front().kind != kind || waits.front().address == 0) continue;
      const Addr address = waits.front().address;
      if (known.insert(address, static_cast<Index>(found.groups.size()))) {
        (starts ? found.groups.emplace_back().limit : found.groups.emplace_back().waitGroup) =
            address;
      }
      ErrorGroup& group = found.groups[known.find(address)];
      (starts ? group.starters : group.waiters).push_back(hit.goroutine);
    }
  }
}

}  // namespace

const WeightedSemaphore* ExtraSync::semaphoreOf(Index goroutine) const {
  const auto at = semaphoreOf_.find(goroutine);
  return at == semaphoreOf_.end() ? nullptr : &semaphores[at->second];
}

const ErrorGroup* ExtraSync::groupOf(Index goroutine) const {
  const auto at = groupOf_.find(goroutine);
  return at == groupOf_.end() ? nullptr : &groups[at->second];
}

void ExtraSync::index() {
  for (std::size_t i = 0; i < semaphores.size(); ++i) {
    for (const Index waiter : semaphores[i].waiters) semaphoreOf_.try_emplace(waiter, i);
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const Index waiter : groups[i].waiters) groupOf_.try_emplace(waiter, i);
    for (const Index starter : groups[i].starters) groupOf_.try_emplace(starter, i);
  }
}

ExtraSync readExtraSync(const golang::Snapshot& snapshot, StackIndex& stacks) {
  ExtraSync found;
  readSemaphores(snapshot, stacks, found);
  readGroups(snapshot, stacks, found);
  found.index();
  return found;
}

}  // namespace parked::resources
