#include "leak/verdict.h"

#include <array>
#include <cctype>
#include <string>

namespace parked::leak {

using golang::ObjectKind;
using golang::ReasonClass;
using golang::Status;

namespace {

constexpr std::array<std::string_view, kVerdicts> kNames = {"RUNNING", "WAITING", "UNKNOWN",
                                                            "SUSPECT", "ORPHAN",  "PROVED"};

/// What cannot end, whatever the rest of the program does.
Judgement forever(Why why, const golang::Goroutine& goroutine, bool proofs) {
  // Go 1.27 reports main in select{} as waiting although its detector finds it: many programs
  // keep themselves up that way.
  if (why == Why::noCases && goroutine.id == golang::kMainGoroutine) {
    return {Verdict::waiting, Why::mainForever};
  }
  if (!proofs) return {Verdict::suspect, Why::unstopped};
  return {Verdict::proved, why};
}

/// Blocked, but no wait was found for it: only the reason speaks.
Judgement judgeByReason(ReasonClass reason) {
  if (!golang::traitsOf(reason).outside) return {Verdict::unknown, Why::noSudog};
  return {Verdict::waiting, reason == ReasonClass::sleep ? Why::timed : Why::plain};
}

Judgement judgeBlocked(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine,
                       bool proofs) {
  const auto waits = snapshot.waitsOf(goroutine);
  if (waits.empty()) return judgeByReason(snapshot.reasonOf(goroutine));
  Judgement judgement{Verdict::waiting, Why::plain};
  for (const golang::Wait& wait : waits) {
    switch (wait.kind) {
      case ObjectKind::nilChannel:
        return forever(Why::nilChannel, goroutine, proofs);
      case ObjectKind::noCases:
        return forever(Why::noCases, goroutine, proofs);
      case ObjectKind::nilSelect:
        return forever(Why::nilSelect, goroutine, proofs);
      case ObjectKind::unknown:
        return {Verdict::unknown, Why::noSudog};
      case ObjectKind::timer:
        judgement.why = Why::timed;
        continue;
      default:
        break;
    }
    if (wait.inSelect && goroutine.selectDone) return {Verdict::unknown, Why::wakerClaimed};
    if (golang::traitsOf(wait.kind).queued && !wait.queued)
      return {Verdict::unknown, Why::notQueued};
    if (wait.kind == ObjectKind::channel && wait.object < snapshot.channels.size() &&
        snapshot.channels[wait.object].closed) {
      return {Verdict::unknown, Why::closing};
    }
  }
  return judgement;
}

}  // namespace

std::string_view verdictName(Verdict verdict) {
  return kNames[static_cast<std::size_t>(verdict) % kNames.size()];
}

bool parseVerdict(std::string_view name, Verdict& out) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (upper == kNames[i]) {
      out = static_cast<Verdict>(i);
      return true;
    }
  }
  return false;
}

Judgement judge(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine, bool proofs) {
  if (goroutine.inFlux) return {Verdict::unknown, Why::inFlux};
  switch (goroutine.status) {
    case Status::running:
      return {Verdict::running, Why::onThread};
    case Status::runnable:
      return {Verdict::running, Why::runnable};
    case Status::syscall:
      return {Verdict::running, Why::inSyscall};
    case Status::preempted:
      return {Verdict::running, Why::preempted};
    case Status::copystack:
      return {Verdict::running, Why::stackMoving};
    case Status::idle:
      return {Verdict::running, Why::starting};
    case Status::waiting:
    case Status::leaked:
      break;
    default:
      return {Verdict::unknown, Why::badStatus};
  }
  if (goroutine.system) return {Verdict::waiting, Why::system};
  if (snapshot.interrupted) return {Verdict::unknown, Why::notRead};
  // Nobody is left who could wake it, whatever reaches what it waits on.
  if (snapshot.crash && snapshot.crash->allAsleep && proofs) {
    return {Verdict::proved, Why::allAsleep};
  }
  const Judgement judgement = judgeBlocked(snapshot, goroutine, proofs);
  if (goroutine.status == Status::leaked && judgement.verdict == Verdict::waiting) {
    return forever(Why::runtimeProved, goroutine, proofs);
  }
  return judgement;
}

}  // namespace parked::leak
