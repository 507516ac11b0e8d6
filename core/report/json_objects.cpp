#include "report/json_objects.h"

#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

#include "leak/describe.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

template <class... Args>
void put(std::string& out, fmt::format_string<Args...> pattern, Args&&... args) {
  fmt::format_to(std::back_inserter(out), pattern, std::forward<Args>(args)...);
}

std::string_view kindOf(target::Kind kind) {
  switch (kind) {
    case target::Kind::core:
      return "core";
    case target::Kind::liveStopped:
      return "live";
    case target::Kind::liveUnstopped:
      return "live_unstopped";
    case target::Kind::debugger:
      return "debugger";
  }
  return "unknown";
}

std::string_view timerKindId(golang::TimerKind kind) {
  switch (kind) {
    case golang::TimerKind::afterFunc:
      return "after_func";
    case golang::TimerKind::ticker:
      return "ticker";
    case golang::TimerKind::timer:
      return "timer";
    case golang::TimerKind::sleep:
      return "sleep";
    case golang::TimerKind::contextDeadline:
      return "context_deadline";
    case golang::TimerKind::netDeadline:
      return "net_deadline";
    case golang::TimerKind::runtimeInternal:
      return "runtime";
    case golang::TimerKind::unknown:
      break;
  }
  return "unknown";
}

/// The channel's own state, without braces.
void putChannelState(std::string& out, const golang::Snapshot& snapshot,
                     const golang::Channel& channel) {
  put(out,
      R"("element_type":{},"element_size":{},"cap":{},"len":{},"closed":{},"senders":{},)"
      R"("receivers":{},"queues_complete":{},"timer":{})",
      jsonString(snapshot.strings[channel.elementType]), channel.elementSize, channel.capacity,
      channel.length, channel.closed, channel.senders, channel.receivers,
      channel.queuesRead && !channel.locked,
      channel.timer != 0 ? jsonAddress(channel.timer) : std::string("null"));
}

/// The lock's own state, without braces; only what its kind has, and only if it was decoded.
void putLockState(std::string& out, const golang::Lock& lock) {
  put(out, R"("waiters":{},"decoded":{})", lock.waiters, lock.decoded);
  if (!lock.decoded) return;
  switch (lock.kind) {
    case golang::ObjectKind::mutex:
    case golang::ObjectKind::once:
      put(out, R"(,"locked":{},"starving":{},"mutex_waiters":{})", lock.mutexLocked,
          lock.mutexStarving, lock.mutexWaiters);
      break;
    case golang::ObjectKind::rwMutex:
      put(out, R"(,"locked":{},"readers":{},"writer_pending":{},"reader_wait":{})",
          lock.mutexLocked, lock.readers, lock.writerPending, lock.readerWait);
      break;
    case golang::ObjectKind::waitGroup:
      put(out, R"(,"counter":{},"group_waiters":{})", lock.counter, lock.groupWaiters);
      break;
    case golang::ObjectKind::cond:
      put(out, R"(,"cond_wait":{},"cond_notify":{})", lock.condWait, lock.condNotify);
      break;
    default:
      break;
  }
}

/// Nanoseconds from now, or null when the clock is not known.
std::string relative(const golang::Clock& clock, std::int64_t when) {
  return clock.now == 0 ? std::string("null") : std::to_string(when - clock.now);
}

}  // namespace

std::string jsonString(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string jsonAddress(Addr address) { return fmt::format("\"{:#x}\"", address); }

JsonObjects::JsonObjects(const Report& report)
    : report_(report),
      snapshot_(*report.snapshot),
      analysis_(*report.analysis),
      groupOf_(snapshot_.goroutines.size(), kNone),
      frames_(snapshot_.stacks.size()),
      places_(analysis_.placeCount()) {
  for (std::size_t i = 0; i < report.grouping.groups.size(); ++i) {
    for (const Index member : report.grouping.membersOf(report.grouping.groups[i])) {
      groupOf_[member] = static_cast<Index>(i);
    }
  }
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const leak::Place& at = analysis_.place(static_cast<leak::PlaceId>(i));
    places_[i] = fmt::format(R"("func":{},"file":{},"line":{})", jsonString(at.function),
                             jsonString(at.file), at.line);
  }
}

std::string JsonObjects::place(leak::PlaceId id) const {
  return id == leak::kNoPlace ? std::string("null") : fmt::format("{{{}}}", places_[id]);
}

std::string JsonObjects::target() const {
  const TargetInfo& t = report_.target;
  const Census& census = report_.census;
  std::string out;
  put(out, R"({{"program":{},"main_package":{},"source":{},"kind":"{}","pid":{},"signal":{},)",
      jsonString(t.executable), jsonString(t.mainPackage), jsonString(t.source), kindOf(t.kind),
      t.pid != 0 ? std::to_string(t.pid) : "null",
      t.signal != 0 ? jsonString(signalName(t.signal)) : "null");
  put(out, R"("go_version":{},"arch":{},"build_id":{},"layouts":{},"clock":{},)",
      jsonString(t.goVersion), jsonString(t.architecture), jsonString(t.buildId),
      jsonString(t.layoutOrigin), jsonString(t.clockSource));
  put(out, R"("taken_at_ns":{},"pause_ns":{},"up_ns":{},"threads":{},"gomaxprocs":{},)",
      t.takenAt ? std::to_string(*t.takenAt) : "null",
      t.kind == target::Kind::liveStopped ? std::to_string(t.pause.count()) : "null",
      t.upSince ? std::to_string(*t.upSince) : "null", t.threads, t.gomaxprocs);
  put(out,
      R"("goroutines":{{"total":{},"system":{},"running":{},"runnable":{},"syscall":{},)"
      R"("blocked":{},"other":{},"dead":{}}},"verdicts":{{)",
      census.total, census.system, census.running, census.runnable, census.syscall, census.blocked,
      census.other, census.dead);
  for (std::size_t i = 0; i < census.byVerdict.size(); ++i) {
    put(out, R"({}"{}":{})", i == 0 ? "" : ",", leak::verdictName(static_cast<leak::Verdict>(i)),
        census.byVerdict[i]);
  }
  return out + "}}";
}

const std::string& JsonObjects::frames(const golang::Goroutine& goroutine) {
  static const std::string kNoFrames = "[]";
  if (goroutine.stack >= frames_.size()) return kNoFrames;
  std::string& out = frames_[goroutine.stack];
  if (!out.empty()) return out;
  std::vector<image::SourceFrame> source;
  std::vector<Addr> pcs;
  analysis_.frames(goroutine, source, &pcs);
  out += "[";
  for (std::size_t i = 0; i < source.size(); ++i) {
    const image::SourceFrame& frame = source[i];
    put(out, R"({}{{"func":{},"file":{},"line":{},"pc":{},"inlined":{},"wrapper":{}}})",
        i == 0 ? "" : ",", jsonString(frame.function), jsonString(frame.file), frame.line,
        i < pcs.size() ? jsonAddress(pcs[i]) : "null", frame.inlined, frame.wrapper);
  }
  out += "]";
  return out;
}

void JsonObjects::wait(const golang::Wait& wait, std::string& out) const {
  put(out, R"({{"kind":"{}","address":{},"op":{})", leak::kindName(wait.kind),
      wait.address != 0 ? jsonAddress(wait.address) : "null",
      wait.op != golang::WaitOp::none ? jsonString(leak::opName(wait.op)) : "null");
  if (wait.inSelect) {
    put(out, R"(,"select_case":{})",
        wait.caseIndex >= 0 ? std::to_string(wait.caseIndex) : std::string("null"));
  }
  switch (wait.kind) {
    case golang::ObjectKind::channel:
      put(out, R"(,"queued":{})", wait.queued);
      if (wait.object < snapshot_.channels.size()) {
        out += ',';
        putChannelState(out, snapshot_, snapshot_.channels[wait.object]);
      }
      break;
    case golang::ObjectKind::mutex:
    case golang::ObjectKind::rwMutex:
    case golang::ObjectKind::waitGroup:
    case golang::ObjectKind::cond:
    case golang::ObjectKind::once:
    case golang::ObjectKind::semaphore:
      put(out, R"(,"queued":{})", wait.queued);
      if (wait.object < snapshot_.locks.size()) {
        out += ',';
        putLockState(out, snapshot_.locks[wait.object]);
      }
      break;
    case golang::ObjectKind::fd:
      if (wait.object < snapshot_.fds.size()) {
        const golang::PollFd& fd = snapshot_.fds[wait.object];
        const std::int64_t deadline =
            wait.op == golang::WaitOp::write ? fd.writeDeadline : fd.readDeadline;
        put(out, R"(,"fd":{},"deadline_in_ns":{})", fd.fd,
            deadline > 0   ? relative(snapshot_.clock, deadline)
            : deadline < 0 ? std::string("0")
                           : std::string("null"));
      }
      break;
    case golang::ObjectKind::timer:
      if (wait.object < snapshot_.timers.size()) {
        put(out, R"(,"due_in_ns":{})",
            relative(snapshot_.clock, snapshot_.timers[wait.object].when));
      }
      break;
    default:
      break;
  }
  if (wait.note != kEmptyString)
    put(out, R"(,"note":{})", jsonString(snapshot_.strings[wait.note]));
  out += '}';
}

void JsonObjects::goroutine(Index index, std::string& out) {
  const golang::Goroutine& g = snapshot_.goroutines[index];
  const leak::GoroutineInfo& info = analysis_.info(index);
  const bool blocked = g.status == golang::Status::waiting || g.status == golang::Status::leaked;
  put(out, R"({{"id":{},"address":"{:#x}","status":"{}","scan":{},)", g.id, g.address,
      leak::statusName(g.status), g.scan);
  put(out, R"("reason":{},)",
      blocked && g.reason < snapshot_.reasons.size()
          ? jsonString(snapshot_.strings[snapshot_.reasons[g.reason].text])
          : "null");
  put(out, R"("verdict":"{}","why":{},"system":{},)", leak::verdictName(info.verdict),
      jsonString(analysis_.sentence(index)), g.system);
  const std::int64_t waited = analysis_.waitAtLeast(index);
  put(out, R"("wait_ns_at_least":{},)", waited > 0 ? std::to_string(waited) : "null");
  if (g.lockedToThread) out += R"("locked_to_thread":true,)";
  if (g.bubble != 0) put(out, R"("synctest_bubble":{},)", g.bubble);
  const auto& threads = snapshot_.image != nullptr ? snapshot_.image->target().threads()
                                                   : std::vector<target::Thread>();
  if (g.thread < threads.size()) put(out, R"("thread":{},)", threads[g.thread].tid);
  put(out, R"("start_func":{},)",
      info.start == leak::kNoPlace ? std::string("null")
                                   : jsonString(analysis_.place(info.start).function));
  if (info.creator == leak::kNoPlace) {
    out += R"("created_by":null,)";
  } else {
    put(out, R"("created_by":{{{},"goroutine":{}}},)", places_[info.creator],
        g.parentId != 0 ? std::to_string(g.parentId) : "null");
  }
  put(out, R"("user_frame":{},)", place(analysis_.stack(g.stack).user));
  put(out, R"("frames":{},"stack_complete":{},)", frames(g),
      g.stack < snapshot_.stacks.size() && !snapshot_.stacks[g.stack].truncated);
  out += R"("waiting_on":[)";
  bool first = true;
  for (const golang::Wait& each : snapshot_.waitsOf(g)) {
    if (!first) out += ',';
    first = false;
    wait(each, out);
  }
  out += R"(],"labels":{)";
  if (g.labels < snapshot_.labelSets.size()) {
    first = true;
    for (const auto& [key, value] : snapshot_.labelSets[g.labels].pairs) {
      put(out, "{}{}:{}", first ? "" : ",", jsonString(key), jsonString(value));
      first = false;
    }
  }
  put(out, R"(}},"group":{}}})",
      groupOf_[index] != kNone ? std::to_string(groupOf_[index]) : "null");
}

std::string JsonObjects::group(std::size_t index) {
  const leak::Group& group = report_.grouping.groups[index];
  const golang::Goroutine& example = snapshot_.goroutines[group.example];
  std::string out;
  put(out, R"({{"index":{},"count":{},"verdict":"{}","why":{},"findings":{},"state":{},)", index,
      group.count, leak::verdictName(group.verdict), jsonString(analysis_.sentence(group)),
      group.findings, jsonString(leak::stateName(group.state)));
  put(out, R"("reason":{},"wait_ns_at_least":{},"objects":{},"waits_on":{},)",
      jsonString(reasonText(snapshot_, example)),
      group.longestWait > 0 ? std::to_string(group.longestWait) : "null", group.objects,
      jsonString(groupObjects(report_, group)));
  put(out, R"("user_frame":{},"created_by":{},"system":{},"label":{},"example":{},)",
      place(analysis_.stack(example.stack).user), place(group.creator), group.system,
      analysis_.label(group.example).empty() ? "null" : jsonString(analysis_.label(group.example)),
      example.id);
  put(out, R"("frames":{},"goroutines":[)", frames(example));
  bool first = true;
  for (const Index member : report_.grouping.membersOf(group)) {
    put(out, "{}{}", first ? "" : ",", snapshot_.goroutines[member].id);
    first = false;
  }
  out += "]";
  if (!group.key.empty()) put(out, R"(,"key":{})", jsonString(group.key));
  return out + "}";
}

std::string JsonObjects::timer(const golang::Timer& timer) const {
  std::vector<image::SourceFrame> frames;
  const Addr code = timer.callback != 0 ? timer.callback : timer.function;
  if (code != 0) analysis_.code().expand(code, true, frames);
  std::string out;
  put(out, R"({{"address":{},"kind":"{}","p":{},"due_in_ns":{},"period_ns":{},"stopped":{},)",
      jsonAddress(timer.address), timerKindId(timer.kind),
      timer.p >= 0 ? std::to_string(timer.p) : "null", relative(snapshot_.clock, timer.when),
      timer.period != 0 ? std::to_string(timer.period) : "null", timer.stopped);
  if (frames.empty()) {
    out += R"("callback":null,)";
  } else {
    put(out, R"("callback":{{"func":{},"file":{},"line":{}}},)", jsonString(frames.back().function),
        jsonString(frames.back().file), frames.back().line);
  }
  put(out, R"("channel":{},"goroutine":{}}})",
      timer.channel != 0 ? jsonAddress(timer.channel) : "null",
      timer.goroutine < snapshot_.goroutines.size()
          ? std::to_string(snapshot_.goroutines[timer.goroutine].id)
          : "null");
  return out;
}

std::string JsonObjects::channel(const golang::Channel& channel) const {
  std::string out;
  put(out, R"({{"address":{},)", jsonAddress(channel.address));
  putChannelState(out, snapshot_, channel);
  return out + "}";
}

std::string JsonObjects::lock(const golang::Lock& lock) const {
  std::string out;
  put(out, R"({{"kind":"{}","address":{},)", leak::kindName(lock.kind), jsonAddress(lock.address));
  putLockState(out, lock);
  return out + "}";
}

std::string JsonObjects::incomplete(const Incomplete& entry) {
  return fmt::format(R"({{"what":{},"detail":{},"count":{},"first_address":{}}})",
                     jsonString(entry.what), jsonString(entry.detail), entry.count,
                     entry.firstAddress != 0 ? jsonAddress(entry.firstAddress) : "null");
}

}  // namespace parked::report
