// The rules for goroutines that are stuck: on a channel, in a select, at a lock.

#include <algorithm>
#include <fmt/format.h>

#include "leak/circle_words.h"
#include "leak/numbers.h"
#include "rules/findings.h"
#include "rules/wait_objects.h"

namespace parked::rules {

namespace {

using golang::Channel;
using golang::Lock;
using golang::ObjectKind;
using golang::Wait;
using golang::WaitOp;
using leak::Why;

/// What the members of a group wait on, taken together.
struct Evidence {
  const golang::Snapshot& snapshot;
  std::uint64_t members = 0;
  std::uint64_t crowded = 0;         ///< members that are one of several senders of their channel
  std::uint64_t full = 0;            ///< members that send to a channel whose buffer is full
  const Channel* channel = nullptr;  ///< of the first member that has one
};

Evidence gather(const leak::Analysis& analysis, const leak::Group& group) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  Evidence evidence{.snapshot = snapshot};
  for (const Index member : analysis.grouping().membersOf(group)) {
    const auto waits = snapshot.waitsOf(snapshot.goroutines[member]);
    ++evidence.members;
    const Channel* channel = waits.empty() ? nullptr : channelOf(snapshot, waits.front());
    if (channel == nullptr) continue;
    if (evidence.channel == nullptr) evidence.channel = channel;
    if (channel->senders > 1) ++evidence.crowded;
    if (channel->capacity > 0 && channel->length == channel->capacity) ++evidence.full;
  }
  return evidence;
}

/// `for v := range c` and `v, ok := <-c` are compiled to the same call, another one than `<-c`.
bool asksWhetherClosed(const leak::Analysis& analysis, const golang::Goroutine& goroutine) {
  std::vector<image::SourceFrame> frames;
  for (const golang::FramePc& frame : analysis.snapshot().frames(goroutine)) {
    frames.clear();
    analysis.code().expand(frame.pc, frame.exact != 0, frames);
    for (const image::SourceFrame& source : frames) {
      if (source.function == "runtime.chanrecv2") return true;
      if (!leak::isRuntimeFunction(source.function)) return false;
    }
  }
  return false;
}

std::string goroutines(const Evidence& evidence) {
  return leak::counted(evidence.members, "goroutine");
}
std::string_view verb(const Evidence& evidence, std::string_view one, std::string_view many) {
  return evidence.members == 1 ? one : many;
}

bool set(Finding& finding, RuleId rule, std::string sentence) {
  finding.rule = rule;
  finding.sentence = std::move(sentence);
  return true;
}

bool sendRule(const Evidence& evidence, Finding& finding) {
  const Channel& channel = *evidence.channel;
  if (evidence.crowded == evidence.members) {
    return set(finding, RuleId::firstAnswerWins,
               fmt::format("{} {} to channels that several senders wait at and nobody receives "
                           "from",
                           goroutines(evidence), verb(evidence, "sends", "send")));
  }
  if (evidence.full == evidence.members) {
    return set(finding, RuleId::bufferFull,
               fmt::format("{} {} to a channel whose buffer (of {}) is full, and nobody receives "
                           "any more",
                           goroutines(evidence), verb(evidence, "sends", "send"),
                           leak::withSeparators(channel.capacity)));
  }
  return set(finding, RuleId::sendNobodyReceives,
             fmt::format("{} {} to a channel that nobody receives from", goroutines(evidence),
                         verb(evidence, "sends", "send")));
}

bool receiveRule(const leak::Analysis& analysis, const golang::Goroutine& goroutine,
                 const Evidence& evidence, Finding& finding) {
  if (asksWhetherClosed(analysis, goroutine)) {
    return set(finding, RuleId::rangeNobodyCloses,
               fmt::format("{} {} over a channel (or {} v, ok from it) that nobody sends to or "
                           "closes any more",
                           goroutines(evidence), verb(evidence, "ranges", "range"),
                           verb(evidence, "receives", "receive")));
  }
  return set(finding, RuleId::receiveNobodySends,
             fmt::format("{} {} from a channel that nobody sends to or closes",
                         goroutines(evidence), verb(evidence, "receives", "receive")));
}

bool waitGroupRule(const golang::Snapshot& snapshot, const Wait& wait, const Evidence& evidence,
                   Finding& finding) {
  const Lock* lock = lockOf(snapshot, wait);
  std::string counter;
  if (lock != nullptr && lock->decoded) {
    const auto number = static_cast<std::uint64_t>(std::max<std::int64_t>(lock->counter, 0));
    counter = fmt::format(" whose counter is still {}", leak::withSeparators(number));
  }
  return set(finding, RuleId::waitGroupNeverDone,
             fmt::format("{} {} for a WaitGroup{}", goroutines(evidence),
                         verb(evidence, "waits", "wait"), counter));
}

bool rwMutexRule(const golang::Snapshot& snapshot, const Wait& wait, const Evidence& evidence,
                 Finding& finding) {
  const Lock* lock = lockOf(snapshot, wait);
  if (lock == nullptr || !lock->decoded || !lock->writerPending || lock->readerWait <= 0) {
    return false;
  }
  const std::string readers = leak::counted(static_cast<std::uint64_t>(lock->readerWait), "reader");
  const std::string_view leave = lock->readerWait == 1 ? "does not leave" : "do not leave";
  return set(
      finding, RuleId::readersNeverLeave,
      wait.op == WaitOp::rlock
          ? fmt::format("{} {} to read behind a writer, which waits for {} that {}",
                        goroutines(evidence), verb(evidence, "waits", "wait"), readers, leave)
          : fmt::format("{} {} to write an RWMutex, whose {} {}", goroutines(evidence),
                        verb(evidence, "waits", "wait"), readers, leave));
}

/// What waits inside of golang.org/x/sync waits on a channel or a WaitGroup that is not the user's.
bool extraSyncRule(const stdlib::Resources* resources, const leak::Group& group, const Wait& wait,
                   const Evidence& evidence, Finding& finding) {
  if (resources == nullptr) return false;
  const stdlib::ExtraSync& found = resources->extraSync;
  if (const stdlib::WeightedSemaphore* semaphore = found.semaphoreOf(group.example)) {
    return set(finding, RuleId::semaphoreNeverReleased,
               fmt::format(
                   "{} {} for a semaphore{}", goroutines(evidence), verb(evidence, "waits", "wait"),
                   semaphore->address == 0 ? std::string()
                                           : fmt::format(" of which {} of {} are taken",
                                                         semaphore->taken, semaphore->size)));
  }
  if (found.groupOf(group.example) == nullptr) return false;
  if (wait.kind == ObjectKind::channel && evidence.channel != nullptr) {
    return set(finding, RuleId::errorGroupFull,
               fmt::format("{} {} to start another function of an errgroup, of which {} run, as "
                           "many as SetLimit allows",
                           goroutines(evidence), verb(evidence, "waits", "wait"),
                           leak::withSeparators(evidence.channel->length)));
  }
  const Lock* lock = lockOf(evidence.snapshot, wait);
  return set(
      finding, RuleId::errorGroupNeverEnds,
      fmt::format("{} {} for an errgroup{}", goroutines(evidence), verb(evidence, "waits", "wait"),
                  lock == nullptr || !lock->decoded
                      ? std::string()
                      : fmt::format(" of which {} still {}",
                                    leak::counted(static_cast<std::uint64_t>(
                                                      std::max<std::int64_t>(lock->counter, 0)),
                                                  "function"),
                                    lock->counter == 1 ? "runs" : "run")));
}

/// Goroutines that hold one another's locks, proved or not, and who stands at the same place.
bool lockCircleRule(const leak::Analysis& analysis, const leak::Group& group, Finding& finding) {
  const leak::LockHolders& holders = analysis.lockHolders();
  if (holders.cycles.empty()) return false;
  std::uint64_t inside = 0, outside = 0;
  for (const Index member : analysis.grouping().membersOf(group)) {
    const auto at = holders.cycleOf.find(member);
    const bool in =
        at != holders.cycleOf.end() && holders.cycles[at->second.cycle].members.size() > 1;
    ++(in ? inside : outside);
  }
  if (inside == 0) return false;
  const std::string behind =
      outside == 0 ? std::string()
                   : fmt::format("; {} more {} at the same place", leak::withSeparators(outside),
                                 outside == 1 ? "waits" : "wait");
  return set(finding, RuleId::lockCycle,
             fmt::format("{} {} in a circle: each holds the lock that the next waits for{}",
                         leak::counted(inside, "goroutine"), inside == 1 ? "is" : "are", behind));
}

/// Goroutines that wait for locks they hold themselves, proved or not.
bool lockedAgainRule(const leak::Analysis& analysis, const leak::Group& group, const Wait& wait,
                     Finding& finding) {
  const leak::LockHolders& holders = analysis.lockHolders();
  if (holders.cycles.empty()) return false;
  std::uint64_t again = 0;
  bool reads = false;
  for (const Index member : analysis.grouping().membersOf(group)) {
    const auto at = holders.cycleOf.find(member);
    if (at == holders.cycleOf.end()) continue;
    const auto& members = holders.cycles[at->second.cycle].members;
    if (members.size() > 1) return false;
    reads = reads || members.front().holder.reads;
    ++again;
  }
  if (again == 0) return false;
  const std::string_view verb = again == 1 ? "waits" : "wait";
  const std::string_view itself = again == 1 ? "it has" : "they have";
  if (reads && wait.op == WaitOp::rlock) {
    return set(finding, RuleId::readersNeverLeave,
               fmt::format("{} {} to read, behind a writer, an RWMutex that {} for reading already",
                           leak::counted(again, "goroutine"), verb, itself));
  }
  return set(finding, RuleId::lockedAgain,
             reads ? fmt::format("{} {} to write an RWMutex that {} for reading",
                                 leak::counted(again, "goroutine"), verb, itself)
                   : fmt::format("{} {} for a lock that {} locked before",
                                 leak::counted(again, "goroutine"), verb, itself));
}

/// Goroutines that wait for one another otherwise.
bool waitCircleRule(const leak::Analysis& analysis, const leak::Group& group, Finding& finding) {
  constexpr std::size_t kTold = 8;
  const leak::WaitCircles& circles = analysis.waitCircles();
  const golang::Snapshot& snapshot = analysis.snapshot();
  std::uint64_t inside = 0;
  const leak::WaitCircle* example = nullptr;
  for (const Index member : analysis.grouping().membersOf(group)) {
    const auto at = circles.of.find(member);
    if (at == circles.of.end()) continue;
    ++inside;
    if (example == nullptr) example = &circles.circles[at->second.circle];
  }
  if (2 * inside <= group.count) return false;
  for (std::size_t i = 0; i < std::min(example->round, kTold); ++i) {
    const leak::WaitCircle::Member& member = example->members[i];
    finding.evidence.push_back(
        fmt::format("{}, {}", leak::waitsFor(snapshot, member), leak::givenBy(snapshot, member)));
  }
  return set(finding, RuleId::waitCircle,
             fmt::format("{} {} in a circle: each waits for what only the next would give",
                         leak::counted(inside, "goroutine"), inside == 1 ? "is" : "are"));
}

/// A map, a slice or a list that somebody has and that leads to goroutines which each wait on
/// something of their own: what was put in was never taken out.
bool registryRule(const Context& context, const leak::Group& group, Finding& finding) {
  const bool tooMany = group.why == Why::many || group.why == Why::settled || group.why == Why::old;
  if (context.keepers == nullptr || group.verdict != leak::Verdict::suspect || !tooMany) {
    return false;
  }
  const auto waits =
      context.analysis.snapshot().waitsOf(context.analysis.snapshot().goroutines[group.example]);
  if (waits.front().kind != ObjectKind::channel) return false;
  const leak::Keeper* keeper = context.keepers->of(context.analysis.info(group.example).group);
  if (keeper == nullptr || group.objects < keeper->members) return false;
  if (!keeper->container) return false;
  // A context's children have rules of their own.
  if (keeper->holder.find("context.") != std::string::npos) return false;
  if (keeper->entries && *keeper->entries < keeper->members) return false;
  return set(finding, RuleId::registryGrows,
             fmt::format("{} wait each on something of their own that a registry leads to: {}",
                         leak::counted(keeper->members, "goroutine"), keeper->holder));
}

}  // namespace

bool ruleForGroup(const Context& context, const leak::Group& group, Finding& finding) {
  const leak::Analysis& analysis = context.analysis;
  const golang::Snapshot& snapshot = analysis.snapshot();
  const golang::Goroutine& example = snapshot.goroutines[group.example];
  const auto waits = snapshot.waitsOf(example);
  const Evidence evidence = gather(analysis, group);
  const auto stuck = [&](std::string_view what) {
    return fmt::format("{} {} {}", goroutines(evidence), verb(evidence, "is", "are"), what);
  };
  if (lockCircleRule(analysis, group, finding)) return true;
  if (!waits.empty() && lockedAgainRule(analysis, group, waits.front(), finding)) return true;
  if (group.why == Why::waitCircle && waitCircleRule(analysis, group, finding)) return true;
  switch (group.why) {
    case Why::nilChannel:
      return set(finding, RuleId::nilChannel, stuck("blocked on a nil channel"));
    case Why::noCases:
      return set(finding, RuleId::noWayOut, stuck("in a select without cases"));
    case Why::nilSelect:
      return set(finding, RuleId::noWayOut, stuck("in a select whose every channel is nil"));
    case Why::lockCycle:
      return set(finding, RuleId::lockCycle,
                 stuck("in a circle: each holds the lock that the next waits for"));
    default:
      break;
  }
  if (waits.empty()) return false;
  const Wait& wait = waits.front();
  if (extraSyncRule(context.resources, group, wait, evidence, finding)) return true;
  // Who is proved is told the pattern of a library that he is in before that he is in a circle.
  if (waitCircleRule(analysis, group, finding)) return true;
  if (registryRule(context, group, finding)) return true;
  switch (wait.kind) {
    case ObjectKind::channel:
      if (wait.inSelect) {
        // A timer or ticker is a way out, or brings it back to where it can look for one.
        if (analysis.wokenByTimer(example)) return false;
        return set(finding, RuleId::noWayOut,
                   stuck("in a select of channels that nobody uses any more"));
      }
      if (evidence.channel == nullptr) return false;
      return wait.op == WaitOp::send ? sendRule(evidence, finding)
                                     : receiveRule(analysis, example, evidence, finding);
    case ObjectKind::waitGroup:
      return waitGroupRule(snapshot, wait, evidence, finding);
    case ObjectKind::cond:
      return set(finding, RuleId::condNeverSignalled, stuck("waiting for a Cond nobody signals"));
    case ObjectKind::once:
      return set(finding, RuleId::onceNeverDone,
                 stuck("waiting for the function of a Once that does not return"));
    case ObjectKind::rwMutex:
      if (rwMutexRule(snapshot, wait, evidence, finding)) return true;
      [[fallthrough]];
    case ObjectKind::mutex:
      return set(finding, RuleId::lockNeverUnlocked,
                 stuck("waiting for a lock that nobody unlocks"));
    case ObjectKind::coroutine:
      return set(finding, RuleId::pullNeverStopped,
                 stuck("in an iter.Pull that nobody asks for another value, or stops"));
    default:
      return false;
  }
}

}  // namespace parked::rules
