// `parked why ID`: the evidence behind a verdict.

#include <algorithm>
#include <fmt/format.h>

#include "leak/describe.h"
#include "leak/keep_alive.h"
#include "report/json_resources.h"
#include "report/json_text.h"
#include "report/lists.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

constexpr std::size_t kLabel = 12;

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
                         leak::counted(proof->marker()->markedObjects(), "heap object"));
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
  for (const leak::KeepAliveStep& step : steps) width = std::max(width, whatOf(step).size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const leak::KeepAliveStep& step = steps[i];
    std::string where = step.address == 0 ? "" : fmt::format("{:#x}", step.address);
    if (i + 1 < steps.size() && step.word != 0) {
      where += step.offset == 0 ? fmt::format(", x/gx {:#x}", step.word)
                                : fmt::format("+{:#x}, x/gx {:#x}", step.offset, step.word);
    }
    page.line(2, {{i == 0 ? "   " : "-> ", Ink::faint},
                  {fmt::format("{:<{}}  ", whatOf(step), width), Ink::code},
                  {where, Ink::faint}});
  }
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
                {fmt::format("{}  ", leak::verdictName(info.verdict)), verdictInk(info.verdict)},
                {reasonText(analysis, index), Ink::strong}});
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
}

void putWhy(JsonWriter& json, const Report& report, Index index) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const auto steps = leak::keptAliveBy(*report.analysis, index);
  json.object([&] {
    json.member("goroutine", snapshot.goroutines[index].id);
    json.text("answer", steps.empty() ? noAnswer(*report.analysis, index) : std::string());
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
