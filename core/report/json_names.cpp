#include "report/json_names.h"

namespace parked::report {

std::string_view kindId(target::Kind kind) {
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

std::string_view kindId(golang::TimerKind kind) {
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

std::string_view ruleId(leak::Why why) {
  using leak::Why;
  switch (why) {
    case Why::none:
    case Why::plain:
      return {};
    case Why::onThread:
      return "on_thread";
    case Why::died:
      return "died";
    case Why::runnable:
      return "runnable";
    case Why::inSyscall:
      return "syscall";
    case Why::preempted:
      return "preempted";
    case Why::stackMoving:
      return "stack_moving";
    case Why::starting:
      return "starting";
    case Why::nilChannel:
      return "nil_channel";
    case Why::noCases:
      return "select_no_cases";
    case Why::nilSelect:
      return "select_all_nil";
    case Why::unreachable:
      return "unreachable";
    case Why::allAsleep:
      return "all_asleep";
    case Why::runtimeProved:
      return "runtime_leaked";
    case Why::inFlux:
      return "in_flux";
    case Why::wakerClaimed:
      return "waker_claimed";
    case Why::notQueued:
      return "not_queued";
    case Why::closing:
      return "channel_closed";
    case Why::noSudog:
      return "object_not_found";
    case Why::badStatus:
      return "bad_status";
    case Why::many:
      return "many";
    case Why::settled:
      return "many_settled";
    case Why::old:
      return "old";
    case Why::oldLock:
      return "old_lock";
    case Why::lockCycle:
      return "lock_cycle";
    case leak::Why::lockedAgain:
      return "locked_again";
    case Why::waitCircle:
      return "wait_circle";
    case Why::unstopped:
      return "not_stopped";
    case Why::unfinished:
    case Why::notRead:
      return "interrupted";
    case Why::mainForever:
      return "main_forever";
    case Why::benign:
      return "well_known";
    case Why::system:
      return "system";
    case Why::worker:
      return "idle_worker";
    case Why::signal:
      return "signal";
    case Why::paired:
      return "paired";
    case Why::timed:
      return "timed";
    case Why::orphan:
      return "orphan";
    case Why::background:
      return "background";
  }
  return {};
}

std::string_view actId(leak::WakeAct act) {
  switch (act) {
    case leak::WakeAct::unlock:
      return "unlock";
    case leak::WakeAct::receive:
      return "receive";
    case leak::WakeAct::send:
      return "send";
    case leak::WakeAct::close:
      return "close";
    case leak::WakeAct::done:
      return "done";
  }
  return "";
}

std::string_view stateId(leak::State state) {
  switch (state) {
    case leak::State::running:
      return "running";
    case leak::State::runnable:
      return "runnable";
    case leak::State::syscall:
      return "syscall";
    case leak::State::blocked:
      return "blocked";
    case leak::State::other:
      break;
  }
  return "other";
}

std::optional<std::int64_t> pauseNs(const TargetInfo& target) {
  const bool measured = target.kind == target::Kind::liveStopped && target.pause.count() > 0;
  return measured ? std::optional<std::int64_t>(target.pause.count()) : std::nullopt;
}

}  // namespace parked::report
