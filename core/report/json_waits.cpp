#include "report/json_waits.h"

#include "leak/describe.h"
#include "report/json_text.h"

namespace parked::report {

using golang::ObjectKind;
using golang::ObjectList;

namespace {

/// The channel's own state: further members of an object.
void putState(JsonWriter& json, const golang::Snapshot& snapshot, const golang::Channel& channel) {
  json.text("element_type", snapshot.strings[channel.elementType]);
  json.member("element_size", channel.elementSize);
  json.member("cap", channel.capacity);
  json.member("len", channel.length);
  json.member("closed", channel.closed);
  json.member("senders", channel.senders);
  json.member("receivers", channel.receivers);
  json.member("queues_complete", channel.queuesRead && !channel.locked);
  json.address("timer", channel.timer);
}

/// The lock's own state: what its kind has, and only if it could be decoded.
void putState(JsonWriter& json, const golang::Lock& lock) {
  json.member("waiters", lock.waiters);
  json.member("decoded", lock.decoded);
  if (!lock.decoded) return;
  switch (lock.kind) {
    case ObjectKind::mutex:
    case ObjectKind::once:
      json.member("locked", lock.mutexLocked);
      json.member("starving", lock.mutexStarving);
      json.member("mutex_waiters", lock.mutexWaiters);
      break;
    case ObjectKind::rwMutex:
      json.member("locked", lock.mutexLocked);
      json.member("readers", lock.readers);
      json.member("writer_pending", lock.writerPending);
      json.member("reader_wait", lock.readerWait);
      break;
    case ObjectKind::waitGroup:
      json.member("counter", lock.counter);
      json.member("group_waiters", lock.groupWaiters);
      break;
    case ObjectKind::cond:
      json.member("cond_wait", lock.condWait);
      json.member("cond_notify", lock.condNotify);
      break;
    default:
      break;
  }
}

void putState(JsonWriter& json, const golang::Clock& clock, const golang::PollFd& fd, bool write) {
  json.member("fd", fd.fd);
  const std::int64_t deadline = write ? fd.writeDeadline : fd.readDeadline;
  // A negative one has passed.
  json.member("deadline_in_ns",
              deadline < 0 ? std::optional<std::int64_t>(0) : fromNow(clock, deadline));
}

void putObject(JsonWriter& json, const golang::Snapshot& snapshot, const golang::Wait& wait) {
  const golang::ObjectTraits& traits = golang::traitsOf(wait.kind);
  if (traits.queued) json.member("queued", wait.queued);
  switch (traits.list) {
    case ObjectList::channels:
      if (wait.object >= snapshot.channels.size()) break;
      putState(json, snapshot, snapshot.channels[wait.object]);
      break;
    case ObjectList::locks:
      if (wait.object < snapshot.locks.size()) putState(json, snapshot.locks[wait.object]);
      break;
    case ObjectList::fds:
      if (wait.object >= snapshot.fds.size()) break;
      putState(json, snapshot.clock, snapshot.fds[wait.object], wait.op == golang::WaitOp::write);
      break;
    case ObjectList::timers:
      if (wait.object >= snapshot.timers.size()) break;
      json.member("due_in_ns", fromNow(snapshot.clock, snapshot.timers[wait.object].when));
      break;
    case ObjectList::none:
      break;
  }
}

}  // namespace

std::optional<std::int64_t> fromNow(const golang::Clock& clock, std::int64_t when) {
  if (clock.now == 0 || when == 0) return std::nullopt;
  return saturatingDifference(when, clock.now);
}

void putWait(JsonWriter& json, const golang::Snapshot& snapshot, const golang::Wait& wait) {
  json.object([&] {
    json.member("kind", golang::traitsOf(wait.kind).id);
    json.address("address", wait.address);
    json.text("op", golang::opName(wait.op));
    if (wait.inSelect) {
      json.member("select_case",
                  wait.caseIndex >= 0 ? std::optional(wait.caseIndex) : std::nullopt);
    }
    putObject(json, snapshot, wait);
    if (wait.note != kEmptyString) json.member("note", snapshot.strings[wait.note]);
  });
}

void putChannel(JsonWriter& json, const golang::Snapshot& snapshot,
                const golang::Channel& channel) {
  json.object([&] {
    json.address("address", channel.address);
    putState(json, snapshot, channel);
  });
}

void putLockMembers(JsonWriter& json, const golang::Lock& lock) {
  json.member("kind", golang::traitsOf(lock.kind).id);
  json.address("address", lock.address);
  putState(json, lock);
}

}  // namespace parked::report
