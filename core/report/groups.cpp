// Groups of goroutines as text.

#include <algorithm>
#include <array>

#include "base/text.h"
#include "leak/describe.h"
#include "leak/keep_alive.h"
#include "report/baseline.h"
#include "report/crash.h"
#include "report/escape.h"
#include "report/library_wait.h"
#include "report/phrases.h"

namespace parked::report {

using leak::Verdict;

namespace {

constexpr std::size_t kVerdictWidth = 7;
constexpr std::size_t kSelectCases = 4;
constexpr std::size_t kLongestKey = 44;

/// What stands in the group's first line: what all its members share.
std::string headingOf(const Report& report, const leak::Group& group) {
  if (!report.groupBy.byStack) return cutFront(escape(group.key), kLongestKey);
  return escape(reasonText(*report.analysis, group.example));
}

/// False where the wait reason and the sentence already say what is waited on.
bool saysMoreThanTheReason(leak::Why why) {
  switch (why) {
    case leak::Why::nilChannel:
    case leak::Why::noCases:
    case leak::Why::nilSelect:
    case leak::Why::mainForever:
      return false;
    default:
      return true;
  }
}

bool isSelectGroup(const Report& report, const leak::Group& group) {
  const auto waits = report.snapshot->waitsOf(report.snapshot->goroutines[group.example]);
  return !waits.empty() && waits.front().inSelect;
}

/// It is known in which system call the goroutine is.
bool namesSystemCall(const Report& report, Index index) {
  const golang::Goroutine& goroutine = report.snapshot->goroutines[index];
  const auto waits = report.snapshot->waitsOf(goroutine);
  return leak::stateOf(goroutine) == leak::State::syscall && !waits.empty() &&
         waits.front().note != kEmptyString;
}

/// What the members wait on; the cases of a select on a line each.
void putGroupObjects(Page& page, std::size_t indent, const Report& report,
                     const leak::Group& group) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const golang::Goroutine& example = snapshot.goroutines[group.example];
  const auto waits = snapshot.waitsOf(example);
  if (waits.empty()) return;
  if (namesSystemCall(report, group.example)) {
    page.field(indent, kLabel, "waits on",
               fmt::format("{}{}", group.count > 1 ? "e.g. " : "",
                           leak::describeWait(snapshot, waits.front())));
    return;
  }
  if (leak::stateOf(example) != leak::State::blocked) return;
  if (!saysMoreThanTheReason(group.why)) return;
  if (const std::string text = libraryWait(report, group.example); !text.empty()) {
    page.field(indent, kLabel, "waits on", text);
    return;
  }
  if (!waits.front().inSelect) {
    page.field(indent, kLabel, "waits on", groupObjects(report, group));
    const std::vector<std::string> holders = holderTexts(report, waits.front());
    for (std::size_t i = 0; i < holders.size(); ++i) {
      page.field(indent, kLabel, i == 0 ? "held by" : "", holders[i]);
    }
    return;
  }
  page.field(indent, kLabel, "waits on", selectText(group, waits.size()));
  for (std::size_t i = 0; i < waits.size(); ++i) {
    if (i == kSelectCases) {
      page.field(indent, kLabel, "", fmt::format("and {} more", waits.size() - i));
      break;
    }
    page.field(
        indent, kLabel, "",
        fmt::format("{} {}", golang::opName(waits[i].op), leak::describeWait(snapshot, waits[i])));
  }
}

void putGroupSentence(Page& page, std::size_t indent, const Report& report,
                      const leak::Group& group) {
  if (group.verdict == Verdict::running) return;
  const std::string sentence = report.analysis->sentence(group);
  using leak::Why;
  const bool telling = group.why == Why::worker || group.why == Why::signal ||
                       group.why == Why::paired || group.why == Why::mainForever ||
                       group.why == Why::background ||
                       (group.why == Why::timed && isSelectGroup(report, group));
  if (group.verdict >= Verdict::unknown) {
    page.field(indent, kLabel, "because", sentence, Ink::strong);
  } else if (telling) {
    page.field(indent, kLabel, "note", sentence);
  }
  // Why it is not proved: who could still wake it. Said where it is not plain anyhow.
  if (group.why == Why::benign || group.why == Why::timed || group.why == Why::paired ||
      group.why == Why::orphan || group.why == Why::background) {
    return;
  }
  if (group.why == Why::allAsleep) return;  // nobody is left who could follow that way
  const std::string path = leak::keepAliveLine(leak::keptAliveBy(*report.analysis, group.example));
  if (!path.empty()) page.field(indent, kLabel, "reached by", path);
  if (const leak::Keeper* keeper = keeperOf(report, group)) {
    page.field(indent, kLabel, "kept by", leak::keeperText(*keeper));
  }
}

/// "9,980 SUSPECT, 12 WAITING".
std::string verdictsOf(const Report& report, const leak::Group& group) {
  std::array<std::uint64_t, leak::kVerdicts> counts{};
  for (const Index member : report.grouping.membersOf(group)) {
    ++counts[static_cast<std::size_t>(report.analysis->info(member).verdict)];
  }
  std::string text;
  for (std::size_t i = counts.size(); i-- > 0;) {
    if (counts[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", withSeparators(counts[i]),
                        leak::verdictName(static_cast<Verdict>(i)));
  }
  return text;
}

/// Whose call, up the chain of creators, led to goroutines that have nothing of the main module.
void putOrigin(Page& page, std::size_t indent, const Report& report, const leak::Group& group) {
  if (group.origin.kind == leak::OriginKind::none) return;
  page.placeField(indent, kLabel, leak::traitsOf(group.origin.kind).label,
                  report.analysis->place(group.origin.place),
                  group.origins > 1
                      ? fmt::format("and {}", counted(group.origins - 1, "other place"))
                      : originNote(group.origin));
}

/// Of goroutines that share a stack everything can be told at once.
void putSameStack(Page& page, std::size_t indent, const Report& report, const leak::Group& group,
                  const GroupColumns& columns) {
  const leak::Analysis& analysis = *report.analysis;
  putUserLine(page, indent, report, group.example);
  if (const auto apart = columns.apart.find(&group); apart != columns.apart.end()) {
    for (const Apart& each : apart->second) {
      page.placeField(indent, kLabel, each.caller ? "called from" : "by way of", each.place);
    }
  }
  const std::string_view label = analysis.label(group.example);
  const bool inCall = group.state == leak::State::syscall;
  if (group.why == leak::Why::benign || (inCall && !label.empty())) {
    page.field(indent, kLabel, "is", label);
    // Where it was started and on what it waits is known to whoever knows the package; in which
    // system call it is, is not.
    if (!inCall || !namesSystemCall(report, group.example)) return;
  }
  if (group.creator != leak::kNoPlace) {
    page.placeField(indent, kLabel, "created by", analysis.place(group.creator),
                    group.creators > 1
                        ? fmt::format("and {}", counted(group.creators - 1, "other place"))
                        : std::string());
  }
  putOrigin(page, indent, report, group);
  // Of the one that the program died in, the header has told it.
  if (&group != crashGroup(report)) putPanics(page, indent, kLabel, report, group.example);
  putGroupObjects(page, indent, report, group);
  putGroupSentence(page, indent, report, group);
  if (const rules::Finding* finding = findingOf(report, group)) {
    const rules::Rule& rule = rules::ruleOf(finding->rule);
    page.field(
        indent, kLabel, rule.name,
        fmt::format("{}{}: {}", rule.title, finding->verdict >= Verdict::orphan ? "" : ", it seems",
                    rules::fixOf(*finding)));
    // An island's is told once, below.
    const bool here = finding->verdict != Verdict::orphan;
    for (std::size_t i = 0; here && i < finding->evidence.size(); ++i) {
      page.field(indent, kLabel, i == 0 ? "evidence" : "", finding->evidence[i]);
    }
  }
  putHolding(page, indent, kLabel, report, group);
}

/// Of goroutines that share something else, one speaks for itself.
void putSameKey(Page& page, std::size_t indent, const Report& report, const leak::Group& group) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const leak::Analysis& analysis = *report.analysis;
  const golang::Goroutine& example = snapshot.goroutines[group.example];
  page.field(indent, kLabel, "verdicts", verdictsOf(report, group));
  page.field(indent, kLabel, "e.g.",
             fmt::format("goroutine {}, {}", example.id, reasonText(analysis, group.example)));
  putUserLine(page, indent, report, group.example);
  const leak::PlaceId creator = analysis.info(group.example).creator;
  if (creator != leak::kNoPlace) {
    page.placeField(indent, kLabel, "created by", analysis.place(creator));
  }
  const std::string waits = leak::describeWaits(snapshot, example);
  if (!waits.empty()) page.field(indent, kLabel, "waits on", waits);
  putHolding(page, indent, kLabel, report, group);
}

}  // namespace

void putUserLine(Page& page, std::size_t indent, const Report& report, Index goroutine) {
  const leak::Analysis& analysis = *report.analysis;
  const leak::StackInfo stack = analysis.userLine(goroutine);
  if (stack.user == leak::kNoPlace && stack.callsC) {
    page.field(indent, kLabel, "at", "a thread of C, which has called Go before", Ink::faint);
  } else {
    putPlace(page, indent, kLabel, "at", report, analysis.place(stack.user));
  }
  if (stack.library != leak::kNoPlace) {
    page.placeField(indent, kLabel, "in", analysis.place(stack.library));
  }
}

void putHolding(Page& page, std::size_t indent, std::size_t label, const Report& report,
                const leak::Group& group) {
  const auto number = static_cast<std::size_t>(&group - report.grouping.groups.data());
  if (number >= report.holdings.owners.size()) return;
  const proof::Holding& holding = report.holdings.owners[number];
  if (holding.goroutines == 0) return;
  std::string text =
      fmt::format("{}: stacks {}", humanBytes(holding.stackBytes + holding.heapBytes),
                  humanBytes(holding.stackBytes));
  if (holding.objects != 0) {
    text += fmt::format(", {} that only {} alive ({})", counted(holding.objects, "heap object"),
                        holding.goroutines == 1 ? "it keeps" : "they keep",
                        humanBytes(holding.heapBytes));
  }
  page.field(indent, label, "retains", text);
  if (holding.cause >= report.grouping.groups.size()) return;
  const leak::Group& cause = report.grouping.groups[holding.cause];
  const leak::Analysis& analysis = *report.analysis;
  const leak::Place& at =
      analysis.place(analysis.stack(report.snapshot->goroutines[cause.example].stack).user);
  page.placeField(indent, label, "root cause", at,
                  fmt::format("{}, leaked, could wake {}",
                              goroutineList(*report.snapshot, report.grouping.membersOf(cause)),
                              holding.goroutines == 1 ? "it" : "them"));
}

GroupColumns measureGroups(const Report& report, const std::vector<const leak::Group*>& shown) {
  GroupColumns widths;
  for (const leak::Group* group : shown) {
    widths.count = std::max(widths.count, withSeparators(group->count).size());
    widths.heading = std::max(widths.heading, columns(headingOf(report, *group)));
    widths.wait = std::max(widths.wait, waitText(group->longestWait).size());
  }
  widths.apart = tellApart(report, shown);
  return widths;
}

void putGroup(Page& page, const Report& report, const leak::Group& group,
              const GroupColumns& widths) {
  const std::string wait = waitText(group.longestWait);
  page.line(1, {{fmt::format("{:>{}}  ", withSeparators(group.count), widths.count), Ink::strong},
                {fmt::format("{:<{}}  ", leak::verdictName(group.verdict), kVerdictWidth),
                 lookOf(group.verdict).ink},
                {padded(headingOf(report, group), widths.heading + 2), Ink::strong},
                {widths.wait == 0 ? "" : fmt::format("{:<{}}  ", wait, widths.wait)},
                {goroutineList(*report.snapshot, report.grouping.membersOf(group)), Ink::faint},
                {isKnown(report, group) ? "  known" : "", Ink::faint}});
  const std::size_t indent = widths.count + 3;
  if (report.groupBy.byStack) {
    putSameStack(page, indent, report, group, widths);
  } else {
    putSameKey(page, indent, report, group);
  }
}

}  // namespace parked::report
