#include "leak/describe.h"

#include <fmt/format.h>

#include "base/text.h"
#include "leak/times.h"
#include "target/descriptors.h"

namespace parked::leak {

using golang::ObjectKind;
using golang::ObjectList;
using golang::WaitOp;

namespace {

/// A select is cut here: the text is for one line.
constexpr std::size_t kMaxCases = 8;

std::string queued(std::uint64_t number, std::string_view who) {
  if (number == 0) return fmt::format("no {}s", who);
  return fmt::format("{} queued", counted(number, who));
}

std::string mutexState(const golang::Lock& lock) {
  std::string text = lock.mutexLocked ? "locked" : "unlocked";
  if (lock.mutexStarving) text += ", starving";
  return text;
}

std::string rwMutexState(const golang::Lock& lock) {
  if (!lock.writerPending) {
    if (lock.readers <= 0) return "free";
    return fmt::format("held by {}", counted(static_cast<std::uint64_t>(lock.readers), "reader"));
  }
  if (lock.readerWait > 0) {
    return fmt::format("held by {}, a writer waits for them",
                       counted(static_cast<std::uint64_t>(lock.readerWait), "reader"));
  }
  return "held by a writer";
}

std::string lockState(const golang::Lock& lock) {
  if (!lock.decoded) return "state not readable";
  switch (lock.kind) {
    case ObjectKind::mutex:
      return mutexState(lock);
    case ObjectKind::once:
      return "its function is running";
    case ObjectKind::rwMutex:
      return rwMutexState(lock);
    case ObjectKind::waitGroup:
      return fmt::format("counter {}", lock.counter);
    default:
      return {};
  }
}

/// "no deadline", "deadline in 3s", "deadline passed".
std::string deadlineText(const golang::Clock& clock, std::int64_t deadline) {
  if (deadline == 0) return "no deadline";
  if (deadline < 0) return "deadline passed";
  if (clock.now == 0) return "deadline set";
  if (deadline <= clock.now) return "deadline passed";
  return "deadline in " + leftText(clock, deadline - clock.now);
}

/// The file in brackets, unless it is a socket or not known.
std::string fileText(const golang::Snapshot& snapshot, std::int64_t fd) {
  if (snapshot.image == nullptr) return {};
  const std::string_view link = target::linkOf(snapshot.image->target(), fd);
  return link.empty() || link.starts_with("socket:") ? std::string() : fmt::format(" ({})", link);
}

std::string describeFd(const golang::Snapshot& snapshot, const golang::Wait& wait) {
  if (wait.object >= snapshot.fds.size()) return "file descriptor";
  const golang::PollFd& fd = snapshot.fds[wait.object];
  const std::string name =
      fd.fd >= 0 ? fmt::format("fd {}{}", fd.fd, fileText(snapshot, fd.fd)) : "fd ?";
  return fmt::format(
      "{}, {}", name,
      deadlineText(snapshot.clock, wait.op == WaitOp::write ? fd.writeDeadline : fd.readDeadline));
}

std::string describeTimer(const golang::Snapshot& snapshot, const golang::Wait& wait) {
  if (wait.object >= snapshot.timers.size()) return "timer";
  const golang::Timer& timer = snapshot.timers[wait.object];
  if (snapshot.clock.now == 0 || timer.when <= 0) return "timer";
  if (timer.when <= snapshot.clock.now) return "timer, due";
  return "timer, wakes in " + leftText(snapshot.clock, timer.when - snapshot.clock.now);
}

std::string withAddress(std::string_view what, Addr address) {
  return address == 0 ? std::string(what) : fmt::format("{} {:#x}", what, address);
}

}  // namespace

std::string describeChannel(const golang::Snapshot& snapshot, const golang::Channel& channel) {
  const std::string_view element = snapshot.strings[channel.elementType];
  std::string text =
      fmt::format("chan {} {:#x} ", element.empty() ? "?" : element, channel.address);
  if (channel.timer != 0) {
    text += "of a timer, ";
  } else if (channel.capacity == 0) {
    text += "unbuffered, ";
  } else {
    text += fmt::format("cap {} len {} ", withSeparators(channel.capacity),
                        withSeparators(channel.length));
  }
  text += channel.closed ? "closed" : "open";
  if (!channel.queuesRead) {
    text += ", queues not readable";
  } else {
    text += fmt::format(", {}, {}", queued(channel.senders, "sender"),
                        queued(channel.receivers, "receiver"));
  }
  if (channel.locked) text += " (was being changed)";
  return text;
}

std::string describeLock(const golang::Lock& lock) {
  std::string text = withAddress(golang::traitsOf(lock.kind).type, lock.address);
  const std::string state = lockState(lock);
  if (!state.empty()) text += " " + state + ",";
  return fmt::format("{} {} waiting", text, withSeparators(lock.waiters));
}

std::string describeWait(const golang::Snapshot& snapshot, const golang::Wait& wait) {
  const golang::ObjectTraits& traits = golang::traitsOf(wait.kind);
  switch (traits.list) {
    case ObjectList::channels:
      if (wait.object >= snapshot.channels.size()) break;
      return describeChannel(snapshot, snapshot.channels[wait.object]);
    case ObjectList::locks:
      if (wait.object >= snapshot.locks.size()) break;
      return describeLock(snapshot.locks[wait.object]);
    case ObjectList::timers:
      return describeTimer(snapshot, wait);
    case ObjectList::fds:
      return describeFd(snapshot, wait);
    case ObjectList::none:
      break;
  }
  const std::string_view note = snapshot.strings[wait.note];
  if (wait.kind == ObjectKind::syscall) return std::string(note.empty() ? traits.type : note);
  if (wait.kind == ObjectKind::unknown) {
    return note.empty() ? std::string(traits.type) : fmt::format("{} ({})", traits.type, note);
  }
  return withAddress(traits.type, traits.watched || traits.queued ? wait.address : 0);
}

std::string describeWaits(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine) {
  const auto waits = snapshot.waitsOf(goroutine);
  if (waits.empty()) return {};
  if (!waits.front().inSelect) return describeWait(snapshot, waits.front());
  std::string text;
  for (std::size_t i = 0; i < waits.size() && i < kMaxCases; ++i) {
    if (!text.empty()) text += "; ";
    text += fmt::format("{} {}", golang::opName(waits[i].op), describeWait(snapshot, waits[i]));
  }
  if (waits.size() > kMaxCases) {
    text += fmt::format("; and {} more", withSeparators(waits.size() - kMaxCases));
  }
  return text;
}

}  // namespace parked::leak
