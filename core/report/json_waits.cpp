#include "report/json_waits.h"

#include "leak/describe.h"
#include "report/json_text.h"

namespace parked::report {

using golang::ObjectKind;

namespace {

/// The channel's own state: further members of an object.
void putState(std::string& out, const golang::Snapshot& snapshot, const golang::Channel& channel) {
  out += R"(,"element_type":)";
  putStringOrNull(out, snapshot.strings[channel.elementType]);
  put(out,
      FMT_COMPILE(R"(,"element_size":{},"cap":{},"len":{},"closed":{},"senders":{},)"
                  R"("receivers":{},"queues_complete":{},"timer":)"),
      channel.elementSize, channel.capacity, channel.length, boolText(channel.closed),
      channel.senders, channel.receivers, boolText(channel.queuesRead && !channel.locked));
  putAddress(out, channel.timer);
}

/// The lock's own state: what its kind has, and only if it could be decoded.
void putState(std::string& out, const golang::Lock& lock) {
  put(out, FMT_COMPILE(R"(,"waiters":{},"decoded":{})"), lock.waiters, boolText(lock.decoded));
  if (!lock.decoded) return;
  switch (lock.kind) {
    case ObjectKind::mutex:
    case ObjectKind::once:
      put(out, FMT_COMPILE(R"(,"locked":{},"starving":{},"mutex_waiters":{})"),
          boolText(lock.mutexLocked), boolText(lock.mutexStarving), lock.mutexWaiters);
      break;
    case ObjectKind::rwMutex:
      put(out, FMT_COMPILE(R"(,"locked":{},"readers":{},"writer_pending":{},"reader_wait":{})"),
          boolText(lock.mutexLocked), lock.readers, boolText(lock.writerPending), lock.readerWait);
      break;
    case ObjectKind::waitGroup:
      put(out, FMT_COMPILE(R"(,"counter":{},"group_waiters":{})"), lock.counter, lock.groupWaiters);
      break;
    case ObjectKind::cond:
      put(out, FMT_COMPILE(R"(,"cond_wait":{},"cond_notify":{})"), lock.condWait, lock.condNotify);
      break;
    default:
      break;
  }
}

void putState(std::string& out, const golang::Clock& clock, const golang::PollFd& fd, bool write) {
  put(out, FMT_COMPILE(R"(,"fd":{},"deadline_in_ns":)"), fd.fd);
  const std::int64_t deadline = write ? fd.writeDeadline : fd.readDeadline;
  if (deadline < 0) {
    out += '0';  // it has passed
  } else {
    putRelative(out, clock, deadline);
  }
}

void putObject(std::string& out, const golang::Snapshot& snapshot, const golang::Wait& wait) {
  switch (wait.kind) {
    case ObjectKind::channel:
      put(out, FMT_COMPILE(R"(,"queued":{})"), boolText(wait.queued));
      if (wait.object < snapshot.channels.size()) {
        putState(out, snapshot, snapshot.channels[wait.object]);
      }
      break;
    case ObjectKind::mutex:
    case ObjectKind::rwMutex:
    case ObjectKind::waitGroup:
    case ObjectKind::cond:
    case ObjectKind::once:
    case ObjectKind::semaphore:
      put(out, FMT_COMPILE(R"(,"queued":{})"), boolText(wait.queued));
      if (wait.object < snapshot.locks.size()) putState(out, snapshot.locks[wait.object]);
      break;
    case ObjectKind::fd:
      if (wait.object < snapshot.fds.size()) {
        putState(out, snapshot.clock, snapshot.fds[wait.object], wait.op == golang::WaitOp::write);
      }
      break;
    case ObjectKind::timer:
      if (wait.object < snapshot.timers.size()) {
        out += R"(,"due_in_ns":)";
        putRelative(out, snapshot.clock, snapshot.timers[wait.object].when);
      }
      break;
    default:
      break;
  }
}

}  // namespace

void putRelative(std::string& out, const golang::Clock& clock, std::int64_t when) {
  if (clock.now == 0 || when == 0) {
    out += "null";
  } else {
    put(out, FMT_COMPILE("{}"), saturatingDifference(when, clock.now));
  }
}

void putWait(std::string& out, const golang::Snapshot& snapshot, const golang::Wait& wait) {
  put(out, FMT_COMPILE(R"({{"kind":"{}","address":)"), leak::kindName(wait.kind));
  putAddress(out, wait.address);
  out += R"(,"op":)";
  putStringOrNull(out, leak::opName(wait.op));
  if (wait.inSelect) {
    out += R"(,"select_case":)";
    putNumberOrNull(out, wait.caseIndex >= 0 ? std::optional(wait.caseIndex) : std::nullopt);
  }
  putObject(out, snapshot, wait);
  if (wait.note != kEmptyString) {
    out += R"(,"note":)";
    putString(out, snapshot.strings[wait.note]);
  }
  out += '}';
}

void putChannel(std::string& out, const golang::Snapshot& snapshot,
                const golang::Channel& channel) {
  out += R"({"address":)";
  putAddress(out, channel.address);
  putState(out, snapshot, channel);
  out += '}';
}

void putLock(std::string& out, const golang::Lock& lock) {
  put(out, FMT_COMPILE(R"({{"kind":"{}","address":)"), leak::kindName(lock.kind));
  putAddress(out, lock.address);
  putState(out, lock);
  out += '}';
}

}  // namespace parked::report
