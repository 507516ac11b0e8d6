// Locks, who may hold them, who waits for whom in a circle, and golang.org/x/sync, as JSON
// (docs/json.md).

#include <span>

#include "leak/describe.h"
#include "report/json_objects.h"
#include "report/json_text.h"
#include "report/json_waits.h"
#include "resources/kit.h"
#include "resources/locks/slice.h"

namespace parked::resources {

namespace {

void putHolder(JsonWriter& json, const Report& report, const leak::LockHolder& holder) {
  json.object([&] {
    json.member("goroutine", report.snapshot->goroutines[holder.goroutine].id);
    json.key("locked");
    putPlace(json, holder.locked);
    json.key("now");
    putPlace(json, holder.now);
    json.member("exact", holder.exact);
    json.member("reads", holder.reads);
    json.member("unlocks", holder.unlocks);
  });
}

template <std::size_t N>
void putIds(JsonWriter& json, const char (&name)[N], const golang::Snapshot& snapshot,
            const std::vector<Index>& goroutines) {
  json.array(name, goroutines,
             [&](Index goroutine) { json.value(snapshot.goroutines[goroutine].id); });
}

void putLock(JsonWriter& json, const Report& report, Index index) {
  const auto& all = report.analysis->lockHolders().of;
  const std::span<const leak::LockHolder> holders =
      index < all.size() ? std::span<const leak::LockHolder>(all[index])
                         : std::span<const leak::LockHolder>();
  json.object([&] {
    putLockMembers(json, report.snapshot->locks[index]);
    json.array("holders", holders,
               [&](const leak::LockHolder& holder) { putHolder(json, report, holder); });
  });
}

void putLockCycle(JsonWriter& json, const Report& report, const leak::LockCycle& cycle) {
  json.array(cycle.members, [&](const leak::LockCycle::Member& member) {
    json.object([&] {
      json.member("goroutine", report.snapshot->goroutines[member.goroutine].id);
      json.address("waits_for", report.snapshot->locks[member.lock].address);
      json.key("held_by");
      putHolder(json, report, member.holder);
    });
  });
}

void putWaitCircle(JsonWriter& json, const Report& report, const leak::WaitCircle& circle) {
  const golang::Snapshot& snapshot = *report.snapshot;
  json.array(circle.members, [&](const leak::WaitCircle::Member& member) {
    const golang::Wait& wait = snapshot.waits[member.wait];
    json.object([&] {
      json.member("goroutine", snapshot.goroutines[member.goroutine].id);
      json.address("waits_for", wait.address);
      json.member("kind", golang::traitsOf(wait.kind).id);
      json.object("from", [&] {
        json.member("goroutine", snapshot.goroutines[member.next].id);
        json.member("act", leak::traitsOf(member.act).id);
        json.member("others", member.others);
        json.key("place");
        putPlace(json, member.place);
        json.key("now");
        putPlace(json, member.now);
      });
    });
  });
}

/// {"semaphores":[…],"error_groups":[…]}
void putExtraSync(JsonWriter& json, const Report& report) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const ExtraSync& found = report.resources->of<ExtraSync>();
  json.object([&] {
    json.array("semaphores", found.semaphores, [&](const WeightedSemaphore& semaphore) {
      const bool known = semaphore.address != 0;
      json.object([&] {
        json.address("address", semaphore.address);
        json.member("size", known ? std::optional(semaphore.size) : std::nullopt);
        json.member("taken", known ? std::optional(semaphore.taken) : std::nullopt);
        putIds(json, "waiting", snapshot, semaphore.waiters);
      });
    });
    json.array("error_groups", found.groups, [&](const ErrorGroup& group) {
      json.object([&] {
        json.address("wait_group", group.waitGroup);
        json.address("limit_channel", group.limit);
        putIds(json, "waiting", snapshot, group.waiters);
        putIds(json, "starting", snapshot, group.starters);
      });
    });
  });
}

}  // namespace

void addLocks(Document& document, std::uint64_t limit) {
  const Report& report = document.report();
  document.array(
      "locks", "lock", atMost(report.snapshot->locks.size(), limit),
      [&report](JsonWriter& json, std::size_t i) { putLock(json, report, static_cast<Index>(i)); });
  const auto& cycles = report.analysis->lockHolders().cycles;
  document.array("lock_cycles", "lock_cycle", cycles.size(),
                 [&report, &cycles](JsonWriter& json, std::size_t i) {
                   putLockCycle(json, report, cycles[i]);
                 });
  const auto& circles = report.analysis->waitCircles().circles;
  document.array("wait_circles", "wait_circle", circles.size(),
                 [&report, &circles](JsonWriter& json, std::size_t i) {
                   putWaitCircle(json, report, circles[i]);
                 });
  if (report.resources == nullptr) return;
  document.value("extra_sync", [&report](JsonWriter& json) { putExtraSync(json, report); });
}

}  // namespace parked::resources
