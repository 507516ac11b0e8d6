// The rules that make blocked goroutines SUSPECT by number and age (Thresholds).

#include <algorithm>

#include "leak/analysis.h"

namespace parked::leak {

using golang::ObjectKind;
using golang::ReasonClass;
using golang::WaitOp;

namespace {

/// Blocked by design, however long and however many: an idle connection, a sleeper, the runtime.
bool mayWaitForever(ReasonClass reason, std::span<const golang::Wait> waits) {
  if (waits.empty()) {
    return reason == ReasonClass::ioWait || reason == ReasonClass::sleep ||
           reason == ReasonClass::runtimeInternal;
  }
  switch (waits.front().kind) {
    case ObjectKind::fd:
    case ObjectKind::timer:
    case ObjectKind::syscall:
    case ObjectKind::runtime:
      return true;
    default:
      return false;
  }
}

bool isLock(std::span<const golang::Wait> waits) {
  if (waits.empty()) return false;
  const ObjectKind kind = waits.front().kind;
  return kind == ObjectKind::mutex || kind == ObjectKind::rwMutex || kind == ObjectKind::once;
}

bool carriesData(const golang::Snapshot& snapshot, const golang::Wait& wait) {
  return wait.object < snapshot.channels.size() && snapshot.channels[wait.object].elementSize > 0;
}

/// The channels a worker takes its work from: those that carry data if there are any, else (only
/// quit signals) all of them. False if it also sends.
bool workChannels(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine,
                  std::vector<Addr>& out) {
  out.clear();
  const auto waits = snapshot.waitsOf(goroutine);
  const bool data = std::any_of(waits.begin(), waits.end(), [&](const golang::Wait& wait) {
    return carriesData(snapshot, wait);
  });
  for (const golang::Wait& wait : waits) {
    if (wait.kind != ObjectKind::channel || wait.op != WaitOp::receive) return false;
    if (!data || carriesData(snapshot, wait)) out.push_back(wait.address);
  }
  std::sort(out.begin(), out.end());
  return !out.empty();
}

}  // namespace

bool Analysis::isWorkerPool(const Group& group) const {
  const golang::Goroutine& example = snapshot_->goroutines[group.example];
  const auto waits = snapshot_->waitsOf(example);
  if (waits.empty()) return false;
  const ObjectKind kind = waits.front().kind;
  if (kind == ObjectKind::cond || kind == ObjectKind::waitGroup) return group.objects == 1;
  std::vector<Addr> shared, own;
  if (!workChannels(*snapshot_, example, shared)) return false;
  for (const Index member : grouping_.membersOf(group)) {
    if (!workChannels(*snapshot_, snapshot_->goroutines[member], own) || own != shared) {
      return false;
    }
  }
  return true;
}

Why Analysis::suspicion(const Group& group) const {
  const Thresholds& thresholds = options_.thresholds;
  const golang::Goroutine& example = snapshot_->goroutines[group.example];
  const auto waits = snapshot_->waitsOf(example);
  if (mayWaitForever(reasonOf(example), waits)) return Why::none;
  if (group.count >= thresholds.count) return Why::many;
  if (group.why == Why::benign || group.why == Why::timed) return Why::none;
  if (isLock(waits) && group.old > 0) return Why::oldLock;
  const bool old = group.old >= thresholds.few;
  if (!old && group.settled < thresholds.some) return Why::none;
  if (isWorkerPool(group)) return Why::none;
  return old ? Why::old : Why::settled;
}

void Analysis::raiseSuspects() {
  for (Group& group : grouping_.groups) {
    if (group.system || group.verdict != Verdict::waiting || group.why == Why::mainForever) {
      continue;
    }
    Why why = suspicion(group);
    Verdict verdict = Verdict::suspect;
    if (why == Why::none) {
      if (group.count < 2 || group.why != Why::plain || !isWorkerPool(group)) continue;
      why = Why::worker;
      verdict = Verdict::waiting;
    }
    for (const Index member : grouping_.membersOf(group)) {
      goroutines_[member].verdict = verdict;
      goroutines_[member].why = why;
    }
    group.verdict = verdict;
    group.why = why;
    group.findings = verdict == Verdict::suspect ? group.count : 0;
  }
}

}  // namespace parked::leak
