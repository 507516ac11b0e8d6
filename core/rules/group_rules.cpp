// The rules for goroutines that are stuck: on a channel, in a select, at a lock.

#include <algorithm>
#include <fmt/format.h>

#include "base/text.h"
#include "leak/circle_words.h"
#include "rules/findings.h"
#include "rules/group_evidence.h"
#include "rules/wait_objects.h"

namespace parked::rules {

namespace {

using golang::Channel;
using golang::Lock;
using golang::ObjectKind;
using golang::Wait;
using golang::WaitOp;
using leak::Why;

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

/// What iter.Pull was given: the function that it calls on the goroutine of the pull. That calls
/// another one of iter.Pull's, yield.
std::string_view sequenceOf(const leak::Analysis& analysis, const golang::Goroutine& goroutine) {
  std::vector<image::SourceFrame> frames;
  analysis.frames(goroutine, frames);
  for (std::size_t i = frames.size(); i-- > 1;) {
    if (frames[i].function.starts_with("iter.Pull")) return frames[i - 1].function;
  }
  return {};
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
                           withSeparators(channel.capacity)));
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
    counter = fmt::format(" whose counter is still {}", withSeparators(number));
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
  const std::string readers = counted(static_cast<std::uint64_t>(lock->readerWait), "reader");
  const std::string_view leave = lock->readerWait == 1 ? "does not leave" : "do not leave";
  return set(
      finding, RuleId::readersNeverLeave,
      wait.op == WaitOp::rlock
          ? fmt::format("{} {} to read behind a writer, which waits for {} that {}",
                        goroutines(evidence), verb(evidence, "waits", "wait"), readers, leave)
          : fmt::format("{} {} to write an RWMutex, whose {} {}", goroutines(evidence),
                        verb(evidence, "waits", "wait"), readers, leave));
}

/// What waits inside of a library waits on a channel or a WaitGroup that is not the user's.
bool libraryRule(const Context& context, const leak::Group& group, const Wait& wait,
                 const Evidence& evidence, Finding& finding) {
  if (context.resources == nullptr) return false;
  return std::ranges::any_of(context.sources, [&](const Source* source) {
    return source->ofGroup != nullptr && source->ofGroup(context, group, wait, evidence, finding);
  });
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
                   : fmt::format("; {} more {} at the same place", withSeparators(outside),
                                 outside == 1 ? "waits" : "wait");
  return set(finding, RuleId::lockCycle,
             fmt::format("{} {} in a circle: each holds the lock that the next waits for{}",
                         counted(inside, "goroutine"), inside == 1 ? "is" : "are", behind));
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
                           counted(again, "goroutine"), verb, itself));
  }
  return set(finding, RuleId::lockedAgain,
             reads ? fmt::format("{} {} to write an RWMutex that {} for reading",
                                 counted(again, "goroutine"), verb, itself)
                   : fmt::format("{} {} for a lock that {} locked before",
                                 counted(again, "goroutine"), verb, itself));
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
  if (example->round == 1) {
    finding.fix =
        "do what the other end would do right there, or give the channel to a goroutine of its "
        "own: "
        "who sends to himself waits for himself";
    return set(
        finding, RuleId::waitCircle,
        fmt::format("{} for what nobody but {} would give",
                    inside == 1 ? "1 goroutine waits" : counted(inside, "goroutine") + " wait",
                    inside == 1 ? "it itself" : "each itself"));
  }
  return set(finding, RuleId::waitCircle,
             fmt::format("{} {} in a circle: each waits for what only the next would give",
                         counted(inside, "goroutine"), inside == 1 ? "is" : "are"));
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
  if (!keeper->container || keeper->full) return false;
  // A context's children have rules of their own.
  if (keeper->holder.find("context.") != std::string::npos) return false;
  if (keeper->entries && *keeper->entries < keeper->members) return false;
  return set(finding, RuleId::registryGrows,
             fmt::format("{} wait each on something of their own that a registry leads to: {}",
                         counted(keeper->members, "goroutine"), keeper->holder));
}

std::string stuck(const Evidence& evidence, std::string_view what) {
  return fmt::format("{} {} {}", goroutines(evidence), verb(evidence, "is", "are"), what);
}

/// What the reason of the verdict tells by itself.
bool verdictRule(Why why, const Evidence& evidence, Finding& finding) {
  switch (why) {
    case Why::nilChannel:
      return set(finding, RuleId::nilChannel, stuck(evidence, "blocked on a nil channel"));
    case Why::noCases:
      return set(finding, RuleId::noWayOut, stuck(evidence, "in a select without cases"));
    case Why::nilSelect:
      return set(finding, RuleId::noWayOut,
                 stuck(evidence, "in a select whose every channel is nil"));
    case Why::lockCycle:
      return set(finding, RuleId::lockCycle,
                 stuck(evidence, "in a circle: each holds the lock that the next waits for"));
    default:
      return false;
  }
}

bool channelRule(const leak::Analysis& analysis, const golang::Goroutine& example, const Wait& wait,
                 const Evidence& evidence, Finding& finding) {
  if (wait.inSelect) {
    // A timer or ticker is a way out, or brings it back to where it can look for one.
    if (analysis.wokenByTimer(example)) return false;
    return set(finding, RuleId::noWayOut,
               stuck(evidence, "in a select of channels that nobody uses any more"));
  }
  if (evidence.channel == nullptr) return false;
  return wait.op == WaitOp::send ? sendRule(evidence, finding)
                                 : receiveRule(analysis, example, evidence, finding);
}

/// What the thing tells that they wait for.
bool waitRule(const leak::Analysis& analysis, const leak::Group& group, const Wait& wait,
              const Evidence& evidence, Finding& finding) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const golang::Goroutine& example = snapshot.goroutines[group.example];
  switch (wait.kind) {
    case ObjectKind::channel:
      return channelRule(analysis, example, wait, evidence, finding);
    case ObjectKind::waitGroup:
      return waitGroupRule(snapshot, wait, evidence, finding);
    case ObjectKind::cond:
      return set(finding, RuleId::condNeverSignalled,
                 stuck(evidence, "waiting for a Cond nobody signals"));
    case ObjectKind::once:
      return set(finding, RuleId::onceNeverDone,
                 stuck(evidence, "waiting for the function of a Once that does not return"));
    case ObjectKind::rwMutex:
      if (rwMutexRule(snapshot, wait, evidence, finding)) return true;
      [[fallthrough]];
    case ObjectKind::mutex:
      return set(finding, RuleId::lockNeverUnlocked,
                 stuck(evidence, "waiting for a lock that nobody unlocks"));
    case ObjectKind::coroutine: {
      const std::string_view sequence = sequenceOf(analysis, example);
      return set(
          finding, RuleId::pullNeverStopped,
          stuck(evidence, fmt::format("in an iter.Pull{}{} that nobody asks for another value, or "
                                      "stops",
                                      sequence.empty() ? "" : " of ", sequence)));
    }
    default:
      return false;
  }
}

}  // namespace

bool ruleForGroup(const Context& context, const leak::Group& group, Finding& finding) {
  const leak::Analysis& analysis = context.analysis;
  const golang::Snapshot& snapshot = analysis.snapshot();
  const auto waits = snapshot.waitsOf(snapshot.goroutines[group.example]);
  const Evidence evidence = gather(analysis, group);
  if (lockCircleRule(analysis, group, finding)) return true;
  if (!waits.empty() && lockedAgainRule(analysis, group, waits.front(), finding)) return true;
  if (group.why == Why::waitCircle && waitCircleRule(analysis, group, finding)) return true;
  if (verdictRule(group.why, evidence, finding)) return true;
  if (waits.empty()) return false;
  const Wait& wait = waits.front();
  if (libraryRule(context, group, wait, evidence, finding)) return true;
  // Who is proved is told the pattern of a library that he is in before that he is in a circle.
  if (waitCircleRule(analysis, group, finding)) return true;
  if (registryRule(context, group, finding)) return true;
  return waitRule(analysis, group, wait, evidence, finding);
}

}  // namespace parked::rules
