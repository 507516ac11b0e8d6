// `parked why ID`: the evidence behind a verdict.

#include <algorithm>
#include <fmt/format.h>

#include "leak/describe.h"
#include "leak/keep_alive.h"
#include "proof/uncounted.h"
#include "report/baseline.h"
#include "report/escape.h"
#include "report/json_text.h"
#include "report/lists.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

/// Why the proof has nothing to say of this goroutine.
std::string noAnswer(const leak::Analysis& analysis, Index index) {
  const proof::Proof* proof = analysis.options().proof;
  if (proof == nullptr) return "the proof was not asked for (--no-proof)";
  if (!proof->given()) return fmt::format("the proof is withheld: {}", proof->withheld());
  switch (proof->fate(index)) {
    case proof::Fate::undecided:
      return "the proof takes it for one that can run: its wait is not certain";
    case proof::Fate::notAsked:
      return "the proof does not ask about it: it can run, or the runtime or the system will wake "
             "it";
    case proof::Fate::leaked:
      return fmt::format("none: of {} that something can reach, none leads to what it waits on",
                         counted(proof->marker()->markedObjects(), "heap object"));
    case proof::Fate::alive:
      break;
  }
  return "there is a way, but it could not be followed";
}

void putWay(Page& page, const std::vector<leak::KeepAliveStep>& steps) {
  std::size_t width = 0;
  const auto whatOf = [](const leak::KeepAliveStep& step) {
    return step.field.empty() ? step.what : fmt::format("{} {}", step.what, step.field);
  };
  for (const leak::KeepAliveStep& step : steps) width = std::max(width, columns(whatOf(step)));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const leak::KeepAliveStep& step = steps[i];
    std::string where = step.address == 0 ? "" : fmt::format("{:#x}", step.address);
    if (i + 1 < steps.size() && step.word != 0) {
      where += step.offset == 0 ? fmt::format(", x/gx {:#x}", step.word)
                                : fmt::format("+{:#x}, x/gx {:#x}", step.offset, step.word);
    }
    page.line(2, {{i == 0 ? "   " : "-> ", Ink::faint},
                  {padded(whatOf(step), width + 2), Ink::code},
                  {where, Ink::faint}});
  }
}

/// Why what can still run reaches the goroutine this way, and it may be an orphan all the same.
std::string_view uncountedReason(const Report& report,
                                 const std::vector<leak::KeepAliveStep>& steps) {
  if (steps.empty()) return {};
  const auto* edge = proof::uncountedAt(*report.snapshot->image, steps.front().address);
  return edge == nullptr ? std::string_view() : edge->reason;
}

}  // namespace

void renderWhy(const Report& report, Index index, const TextStyle& style, const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const leak::Analysis& analysis = *report.analysis;
  const golang::Snapshot& snapshot = *report.snapshot;
  const golang::Goroutine& goroutine = snapshot.goroutines[index];
  const leak::GoroutineInfo& info = analysis.info(index);
  page.line(0, {{fmt::format("goroutine {}  ", goroutine.id), Ink::strong},
                {fmt::format("{}  ", leak::verdictName(info.verdict)), lookOf(info.verdict).ink},
                {reasonText(analysis, index), Ink::strong},
                {isKnown(report, index) ? "  known: the baseline lists it" : "", Ink::faint}});
  putUserLine(page, 0, report, index);
  page.field(0, kLabel, "because", analysis.sentence(index));
  const std::string waits = leak::describeWaits(snapshot, goroutine);
  if (!waits.empty()) page.field(0, kLabel, "waits on", waits);
  const auto steps = leak::keptAliveBy(analysis, index);
  if (steps.empty()) {
    page.field(0, kLabel, "reached by", noAnswer(analysis, index));
    return;
  }
  page.field(0, kLabel, "reached by", "what can still run, on this way (the shortest):");
  putWay(page, steps);
  if (const auto reason = uncountedReason(report, steps); !reason.empty()) {
    page.field(0, kLabel, "note", fmt::format("for ORPHAN this way does not count: {}", reason));
  }
}

void putWhy(JsonWriter& json, const Report& report, Index index) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const auto steps = leak::keptAliveBy(*report.analysis, index);
  json.object([&] {
    json.member("goroutine", snapshot.goroutines[index].id);
    json.text("answer", steps.empty() ? noAnswer(*report.analysis, index) : std::string());
    json.text("uncounted", uncountedReason(report, steps));
    json.array("way", steps, [&](const leak::KeepAliveStep& step) {
      json.object([&] {
        json.member("what", step.what);
        json.text("field", step.field);
        json.address("address", step.address);
        json.member("offset", step.offset);
        json.address("word", step.word);
        json.member("goroutine", idOf(snapshot, step.goroutine));
        json.member("timer", step.timer);
      });
    });
  });
}

void addWhy(Document& document, Index goroutine) {
  const Report& report = document.report();
  document.value("why",
                 [&report, goroutine](JsonWriter& json) { putWhy(json, report, goroutine); });
}

}  // namespace parked::report
