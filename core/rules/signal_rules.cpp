// The rule for os/signal.

#include <fmt/format.h>

#include "base/text.h"
#include "rules/findings.h"
#include "rules/thresholds.h"
#include "rules/wait_objects.h"

namespace parked::rules {

namespace {

constexpr std::string_view kElement = "os.Signal";

/// The channel of signals that a goroutine does nothing but receive from.
const golang::Channel* signalsOf(const golang::Snapshot& snapshot, Index goroutine) {
  const auto waits = snapshot.waitsOf(snapshot.goroutines[goroutine]);
  if (waits.size() != 1) return nullptr;
  const golang::Wait& wait = waits.front();
  if (wait.op != golang::WaitOp::receive || wait.inSelect) return nullptr;
  const golang::Channel* channel = channelOf(snapshot, wait);
  return channel != nullptr && snapshot.strings[channel->elementType] == kElement ? channel
                                                                                  : nullptr;
}

}  // namespace

/// The package keeps each channel that Notify was called with until Stop: who waits for signals
/// alone, on a channel of its own, stays.
void signalRules(const Context& context, std::vector<Finding>& findings) {
  const leak::Analysis& analysis = context.analysis;
  const golang::Snapshot& snapshot = analysis.snapshot();
  for (const leak::Group& group : analysis.grouping().groups) {
    // What nothing leads to is in no list of os/signal.
    if (group.verdict == leak::Verdict::proved) continue;
    const auto members = analysis.grouping().membersOf(group);
    if (members.size() < kManyNotified || signalsOf(snapshot, group.example) == nullptr) continue;
    Finding finding;
    for (const Index member : members) {
      const golang::Channel* channel = signalsOf(snapshot, member);
      if (channel == nullptr || channel->receivers != 1) continue;
      finding.goroutines.push_back(member);
      if (finding.evidence.size() == kExamples) continue;
      finding.evidence.push_back(fmt::format("goroutine {}, chan os.Signal {:#x}",
                                             snapshot.goroutines[member].id, channel->address));
    }
    finding.count = finding.goroutines.size();
    if (finding.count < kManyNotified) continue;
    finding.rule = RuleId::notifyNeverStopped;
    finding.place = analysis.place(analysis.stack(snapshot.goroutines[group.example].stack).user);
    finding.sentence = fmt::format(
        "{} wait for signals, each on a channel of its own, for which signal.Stop was not called, "
        "it seems",
        counted(finding.count, "goroutine"));
    findings.push_back(std::move(finding));
  }
}

}  // namespace parked::rules
