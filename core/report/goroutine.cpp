// One goroutine in full.

#include <algorithm>
#include <map>
#include <span>
#include <unordered_map>

#include "base/text.h"
#include "golang/unwind.h"
#include "leak/cases.h"
#include "leak/circle_words.h"
#include "leak/describe.h"
#include "leak/fingerprint.h"
#include "leak/island_words.h"
#include "leak/keep_alive.h"
#include "report/baseline.h"
#include "report/crash.h"
#include "report/escape.h"
#include "report/library_wait.h"
#include "report/lists.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

constexpr std::size_t kMaxAncestors = 10;
constexpr std::size_t kMaxCompanions = 5;

std::string statusText(const leak::Analysis& analysis, Index index) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const golang::Goroutine& goroutine = snapshot.goroutines[index];
  std::string text(golang::statusName(goroutine.status));
  if (analysis.inC(index)) text = "in C code (a system call, as the runtime sees it)";
  if (goroutine.scan) text += ", being scanned by the GC";
  if (goroutine.lockedToThread) text += ", locked to its thread";
  const auto& threads = snapshot.image != nullptr ? snapshot.image->target().threads()
                                                  : std::vector<target::Thread>();
  if (goroutine.thread < threads.size()) {
    text += fmt::format(", on thread {}", threads[goroutine.thread].tid);
  }
  if (goroutine.system) text += ", the runtime's own";
  return text;
}

/// Others that wait on the objects of one goroutine, found in one pass: a select may have as many
/// cases as there are waits in the program.
class Companions {
 public:
  Companions(const golang::Snapshot& snapshot, std::span<const golang::Wait> own) {
    for (const golang::Wait& wait : own) {
      if (wait.object != golang::kNone) others_.try_emplace(keyOf(wait));
    }
    if (others_.empty()) return;
    for (const golang::Wait& wait : snapshot.waits) {
      const auto at = others_.find(keyOf(wait));
      if (at == others_.end() || wait.goroutine == own.front().goroutine ||
          wait.goroutine >= snapshot.goroutines.size()) {
        continue;
      }
      Others& others = at->second[wait.op];
      if (others.count < kMaxCompanions) {
        others.ids += fmt::format("{}{}", others.count == 0 ? "" : ", ",
                                  snapshot.goroutines[wait.goroutine].id);
      }
      ++others.count;
    }
  }

  /// "4 also in send: goroutines 3, 4, 5, 6", "" when none.
  std::string text(const golang::Wait& own, golang::WaitOp op) const {
    const auto object = others_.find(keyOf(own));
    if (object == others_.end()) return {};
    const auto at = object->second.find(op);
    if (at == object->second.end()) return {};
    const auto& [count, ids] = at->second;
    return fmt::format("{} also in {}: {} {}{}", withSeparators(count), golang::opName(op),
                       count == 1 ? "goroutine" : "goroutines", ids,
                       count > kMaxCompanions ? ", ..." : "");
  }

 private:
  struct Others {
    std::uint64_t count = 0;
    std::string ids;
  };

  static std::uint64_t keyOf(const golang::Wait& wait) {
    return std::uint64_t{wait.object} << 8 | static_cast<std::uint8_t>(wait.kind);
  }

  std::unordered_map<std::uint64_t, std::map<golang::WaitOp, Others>> others_;
};

/// Whether a case of a select can become ready, and by whom.
void putOutlook(Page& page, const leak::CaseOutlook& outlook) {
  const bool byWay = outlook.fate == leak::CaseFate::reached;
  const std::string_view words = leak::traitsOf(outlook.fate).words;
  if (words.empty() || (byWay && outlook.by.empty())) return;
  page.field(0, kLabel, "", std::string(words) + (byWay ? outlook.by : ""),
             outlook.fate == leak::CaseFate::nobody ? Ink::warn : Ink::faint);
}

void putWaits(Page& page, const Report& report, Index index, std::uint64_t limit) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const auto waits = snapshot.waitsOf(snapshot.goroutines[index]);
  const Companions companions(snapshot, waits);
  std::uint64_t shown = 0;
  const std::string library = libraryWait(report, index);
  if (!library.empty()) page.field(0, kLabel, "waits on", library);
  for (const golang::Wait& wait : waits) {
    if (limit != 0 && shown == limit) {
      page.field(0, kLabel, "", fmt::format("and {} more cases", waits.size() - shown));
      return;
    }
    std::string text;
    if (wait.inSelect) {
      text = wait.caseIndex >= 0 ? fmt::format("case {}: ", wait.caseIndex) : "case: ";
    }
    const bool nil = wait.kind == golang::ObjectKind::nilChannel;
    if (wait.op != golang::WaitOp::none) {
      text += fmt::format("{} {}", golang::opName(wait.op), nil ? "on " : "");
    }
    text += leak::describeWait(snapshot, wait);
    // Of the others the note is the description.
    if (wait.note != kEmptyString && wait.kind != golang::ObjectKind::unknown &&
        wait.kind != golang::ObjectKind::syscall) {
      text += fmt::format(" ({})", snapshot.strings[wait.note]);
    }
    const bool first = shown == 0 && library.empty();
    page.field(0, kLabel, first ? "waits on" : "", text);
    const bool dead = leak::isDead(*report.analysis, wait);
    if (dead) {
      page.field(0, kLabel, "", "nobody else can make it ready", Ink::bad);
    }
    for (const golang::WaitOp op :
         {golang::WaitOp::send, golang::WaitOp::receive, golang::WaitOp::lock,
          golang::WaitOp::rlock, golang::WaitOp::wait}) {
      const std::string others = companions.text(wait, op);
      if (!others.empty()) page.field(0, kLabel, "", others, Ink::faint);
    }
    const std::vector<std::string> holders = holderTexts(report, wait);
    for (std::size_t i = 0; i < holders.size(); ++i) {
      page.field(0, kLabel, i == 0 ? "held by" : "", holders[i]);
    }
    if (shown < report.cases.size() && !dead) putOutlook(page, report.cases[shown]);
    ++shown;
  }
}

/// Who waits for whom, where it is in a circle of waits: from it on, once around.
void putWaitCircle(Page& page, const Report& report, Index index, std::uint64_t limit) {
  const leak::WaitCircles& circles = report.analysis->waitCircles();
  const auto found = circles.of.find(index);
  if (found == circles.of.end()) return;
  const auto& members = circles.circles[found->second.circle].members;
  const std::uint64_t most = atMost(members.size(), limit);
  std::size_t at = found->second.member;
  std::vector<bool> told(members.size());
  for (std::uint64_t i = 0; i < most && !told[at]; ++i) {
    told[at] = true;
    const leak::WaitCircle::Member& member = members[at];
    page.field(0, kLabel, i == 0 ? "circle" : "", leak::waitsFor(*report.snapshot, member));
    page.field(0, kLabel, "", "  " + leak::givenBy(*report.snapshot, member));
    at = circles.of.at(member.next).member;
  }
}

void putCreators(Page& page, const Report& report, Index index) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const leak::Analysis& analysis = *report.analysis;
  const leak::GoroutineInfo& info = analysis.info(index);
  const golang::Goroutine* goroutine = &snapshot.goroutines[index];
  if (info.creator != leak::kNoPlace) {
    page.placeField(0, kLabel, "created by", analysis.place(info.creator),
                    goroutine->parentId == 0 ? std::string()
                                             : fmt::format("in goroutine {}", goroutine->parentId));
  }
  const leak::Origin origin = analysis.origin(index);
  // Where its creators stand is told of each of them below.
  if (origin.kind == leak::OriginKind::called || origin.kind == leak::OriginKind::created) {
    page.placeField(0, kLabel, leak::traitsOf(origin.kind).label, analysis.place(origin.place),
                    originNote(origin));
  }
  // The parent chain, as far as the parents still live. Damage could make it a cycle.
  for (std::size_t i = 0; i < kMaxAncestors && goroutine->parentId != 0; ++i) {
    const golang::Goroutine* parent = snapshot.byId(goroutine->parentId);
    if (parent == nullptr || parent == goroutine) break;
    page.placeField(
        0, kLabel, "", analysis.place(analysis.stack(parent->stack).user),
        fmt::format("goroutine {}, {}", parent->id,
                    reasonText(analysis, static_cast<Index>(parent - snapshot.goroutines.data()))));
    goroutine = parent;
  }
}

}  // namespace

void putStack(Page& page, const Report& report, Index index, std::uint64_t limit,
              std::string_view more) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const golang::Goroutine& goroutine = snapshot.goroutines[index];
  const std::vector<golang::Frame> frames = snapshot.image != nullptr
                                                ? golang::framesOf(snapshot, goroutine)
                                                : std::vector<golang::Frame>();
  std::vector<image::SourceFrame> source;
  std::uint64_t shown = 0;
  for (const golang::Frame& frame : frames) {
    source.clear();
    report.analysis->code().expand(frame.pc, frame.exact, source);
    for (const image::SourceFrame& call : source) {
      // Go's traceback hides them, too.
      if (call.wrapper || call.function == "runtime.goexit") continue;
      if (limit != 0 && shown == limit) {
        page.line(2, {{fmt::format("... ({} for the whole stack)", more), Ink::faint}});
        return;
      }
      ++shown;
      const bool own = leak::isUserFunction(report.analysis->code(), call.function, call.file);
      const std::string arguments =
          call.inlined ? "..." : golang::formatArguments(*snapshot.image, frame);
      page.line(2, {{std::string(call.function), own ? Ink::code : Ink::plain},
                    {fmt::format("({})", arguments)}});
      page.line(
          6, {{fmt::format("{}:{}", call.file, call.line)},
              {call.inlined ? "  inlined" : fmt::format("  pc={:#x} sp={:#x}", frame.pc, frame.sp),
               Ink::faint}});
      if (own) putSourceLine(page, 6, report, call.file, call.line);
    }
  }
  if (frames.empty()) page.line(2, {{"the stack could not be read", Ink::warn}});
  if (goroutine.stack < snapshot.stacks.size() && snapshot.stacks[goroutine.stack].truncated) {
    page.line(2, {{"the stack goes on, but could not be read further", Ink::warn}});
  }
}

namespace {

/// The rules that the goroutine's group, or the goroutine itself, is a case of.
void putRules(Page& page, const Report& report) {
  for (const rules::Finding& finding : report.findings) {
    const rules::Rule& rule = rules::ruleOf(finding.rule);
    // The verdict about a resource is not that of the goroutine.
    const std::string verdict =
        finding.group == kNone ? fmt::format("{} ", leak::verdictName(finding.verdict)) : "";
    page.field(0, kLabel, rule.name,
               fmt::format("{}{}: {}{}", verdict, rule.title, finding.sentence,
                           finding.known ? " (known: the baseline lists it)" : ""));
    for (const std::string& evidence : finding.evidence) page.field(0, kLabel, "", evidence);
    page.field(0, kLabel, "fix", rules::fixOf(finding));
    page.field(0, kLabel, "fingerprint", rules::fingerprintOf(*report.analysis, finding));
  }
}

/// How many others are at the same place, and what all of them retain. The report has that group
/// first.
void putGroup(Page& page, const Report& report) {
  if (report.grouping.groups.empty()) return;
  const leak::Group& group = report.grouping.groups.front();
  if (group.count > 1) {
    page.field(0, kLabel, "group",
               fmt::format("{} goroutines at the same place", withSeparators(group.count)));
  }
  putHolding(page, 0, kLabel, report, group);
  // The finding's is the one to look for, where there is a finding.
  if (report.findings.empty()) {
    page.field(0, kLabel, "fingerprint",
               leak::fingerprintOf(*report.analysis, group) +
                   (isKnown(report, group) ? " (known: the baseline lists it)" : ""));
  }
}

}  // namespace

void renderGoroutine(const Report& report, Index index, std::uint64_t limit, const TextStyle& style,
                     const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const golang::Snapshot& snapshot = *report.snapshot;
  const golang::Goroutine& goroutine = snapshot.goroutines[index];
  const leak::Analysis& analysis = *report.analysis;
  const leak::GoroutineInfo& info = analysis.info(index);
  const std::string wait = waitText(analysis.waitAtLeast(index));
  page.line(0, {{fmt::format("goroutine {}  ", goroutine.id), Ink::strong},
                {fmt::format("{}  ", leak::verdictName(info.verdict)), lookOf(info.verdict).ink},
                {reasonText(analysis, index), Ink::strong},
                {wait.empty() ? "" : "  " + wait}});
  page.field(0, kLabel, "because", analysis.sentence(index));
  const std::string path = leak::keepAliveLine(leak::keptAliveBy(analysis, index));
  if (!path.empty()) page.field(0, kLabel, "reached by", path);
  page.field(0, kLabel, "status", statusText(analysis, index));
  putPanics(page, 0, kLabel, report, index);
  putWaits(page, report, index, limit);
  putWaitCircle(page, report, index, limit);
  if (info.start != leak::kNoPlace) {
    page.placeField(0, kLabel, "started as", analysis.place(info.start));
  }
  putCreators(page, report, index);
  if (goroutine.labels < snapshot.labelSets.size()) {
    std::string text;
    for (const auto& [key, value] : snapshot.labelSets[goroutine.labels].pairs) {
      text += fmt::format("{}{}={}", text.empty() ? "" : ", ", key, value);
    }
    page.field(0, kLabel, "labels", text);
  }
  putRules(page, report);
  putGroup(page, report);
  page.field(0, kLabel, "g",
             fmt::format("{:#x}, stack {:#x}-{:#x}, sp {:#x}, pc {:#x}", goroutine.address,
                         goroutine.stackLo, goroutine.stackHi, goroutine.sp, goroutine.pc),
             Ink::faint);
  page.blank();
  putStack(page, report, index, limit);
}

}  // namespace parked::report
