// Locks, who may hold them, and who waits for whom in a circle, as JSON (docs/json.md).

#include <span>

#include "leak/describe.h"
#include "report/json_names.h"
#include "report/json_objects.h"
#include "report/json_text.h"
#include "report/json_waits.h"

namespace parked::report {

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

}  // namespace

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
      json.member("kind", leak::kindName(wait.kind));
      json.object("from", [&] {
        json.member("goroutine", snapshot.goroutines[member.next].id);
        json.member("act", actId(member.act));
        json.member("others", member.others);
        json.key("place");
        putPlace(json, member.place);
        json.key("now");
        putPlace(json, member.now);
      });
    });
  });
}

}  // namespace parked::report
