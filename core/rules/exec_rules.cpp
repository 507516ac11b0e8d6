// The rule for os/exec: Wait that waits for a pipe although its command has ended.

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "base/text.h"
#include "proof/near.h"
#include "rules/findings.h"
#include "rules/thresholds.h"
#include "target/descriptors.h"

namespace parked::rules {

namespace {

constexpr std::string_view kWait = "os/exec.(*Cmd).Wait";
constexpr std::string_view kCopies = "os/exec.(*Cmd).writerDescriptor.func1";

/// A goroutine with a call of that function on its stack waits for one thing of that kind.
bool waitsIn(const golang::Snapshot& snapshot, Index index, std::string_view function,
             golang::ObjectKind kind) {
  const golang::Goroutine& goroutine = snapshot.goroutines[index];
  const auto waits = snapshot.waitsOf(goroutine);
  if (waits.size() != 1 || waits.front().kind != kind || waits.front().inSelect) return false;
  const image::FunctionTable& functions = snapshot.image->functions();
  const image::FuncIndex wanted = functions.byName(function);
  return wanted != image::kNoFunc &&
         std::ranges::any_of(snapshot.frames(goroutine), [&](const golang::FramePc& frame) {
           return functions.find(frame.inside()) == wanted;
         });
}

/// Members of all groups that do.
std::vector<Index> thatWaitIn(const leak::Analysis& analysis, std::string_view function,
                              golang::ObjectKind kind) {
  std::vector<Index> found;
  for (const leak::Group& group : analysis.grouping().groups) {
    if (!waitsIn(analysis.snapshot(), group.example, function, kind)) continue;
    for (const Index member : analysis.grouping().membersOf(group)) {
      if (waitsIn(analysis.snapshot(), member, function, kind)) found.push_back(member);
    }
  }
  return found;
}

struct HeldUp {
  Index waiter, reader;
};

/// Those for whom somebody still copies the command's output. Wait comes to the channel of those
/// who copy when the command has ended (os/exec/exec.go, Go 1.18 to 1.27); with a WaitDelay it
/// stands in a select there.
std::vector<HeldUp> findHeldUp(const leak::Analysis& analysis, Observer* observer) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const proof::Proof* proof = analysis.options().proof;
  std::vector<HeldUp> found;
  if (proof == nullptr || !proof->given()) return found;
  std::vector<Index> waiters = thatWaitIn(analysis, kWait, golang::ObjectKind::channel);
  std::erase_if(waiters,
                [&](Index waiter) { return analysis.waitAtLeast(waiter) < hangAge(analysis); });
  if (waiters.empty()) return found;
  proof::Near near(snapshot, *proof, false);
  for (std::uint32_t i = 0; i < waiters.size(); ++i) {
    near.watch(snapshot.waitsOf(snapshot.goroutines[waiters[i]]).front().address, i);
  }
  std::vector<std::uint32_t> reached;
  for (const Index reader : thatWaitIn(analysis, kCopies, golang::ObjectKind::fd)) {
    reached.clear();
    near.enter(reader);
    if (!near.find(reached, observer)) return {};
    for (const std::uint32_t i : reached) found.push_back({waiters[i], reader});
  }
  return found;
}

/// "fd 6 (pipe:[4711])"; without the pipe where only a process tells it.
std::string pipeOf(const golang::Snapshot& snapshot, const golang::Goroutine& reader) {
  const golang::Wait& wait = snapshot.waitsOf(reader).front();
  if (wait.object >= snapshot.fds.size()) return "its output";
  const std::int64_t fd = snapshot.fds[wait.object].fd;
  const std::string_view link = target::linkOf(snapshot.image->target(), fd);
  return link.empty() ? fmt::format("fd {}", fd) : fmt::format("fd {} ({})", fd, link);
}

}  // namespace

void execRules(const Context& context, std::vector<Finding>& findings) {
  const leak::Analysis& analysis = context.analysis;
  const golang::Snapshot& snapshot = analysis.snapshot();
  if (snapshot.image == nullptr) return;
  const std::vector<HeldUp> all = findHeldUp(analysis, context.observer);
  if (all.empty()) return;
  Finding finding;
  finding.rule = RuleId::commandHeldUp;
  finding.count = all.size();
  std::int64_t age = 0;
  for (const HeldUp& each : all) {
    age = std::max(age, analysis.waitAtLeast(each.waiter));
    finding.goroutines.push_back(each.waiter);
    if (finding.evidence.size() == kExamples) continue;
    const golang::Goroutine& reader = snapshot.goroutines[each.reader];
    finding.evidence.push_back(
        fmt::format("goroutine {} waits until goroutine {} has read {} to its end",
                    snapshot.goroutines[each.waiter].id, reader.id, pipeOf(snapshot, reader)));
  }
  finding.place =
      analysis.place(analysis.stack(snapshot.goroutines[all.front().waiter].stack).user);
  const bool one = all.size() == 1;
  finding.sentence = fmt::format(
      "{} in Wait of a command that has ended, for at least {}: something that {} started has {} "
      "output open, it seems",
      one ? "1 goroutine is" : fmt::format("{} goroutines are", withSeparators(all.size())),
      humanDuration(age), one ? "it" : "they", one ? "its" : "their");
  findings.push_back(std::move(finding));
}

}  // namespace parked::rules
