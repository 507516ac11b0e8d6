// Islands of goroutines that nobody can stop, by kind.

#include <algorithm>

#include "base/text.h"
#include "leak/island_wakers.h"
#include "leak/island_words.h"
#include "report/baseline.h"
#include "report/json_text.h"
#include "report/page.h"
#include "report/phrases.h"
#include "report/section.h"

namespace parked::report {

namespace {

using leak::Background;
using leak::IslandKind;

constexpr std::size_t kIndent = 3, kFunctions = 5;

/// The baseline lists what each of its goroutines is in.
bool isKnown(const Report& report, const IslandKind& kind) {
  return std::ranges::all_of(goroutinesOf(*report.analysis, kind),
                             [&](Index index) { return report::isKnown(report, index); });
}

void putKind(Page& page, const Report& report, const IslandKind& kind) {
  const leak::Analysis& analysis = *report.analysis;
  const bool meant = kind.background != Background::none;
  const leak::Verdict verdict = meant ? leak::Verdict::waiting : leak::Verdict::orphan;
  page.line(
      1,
      {{counted(kind.islands.size(), areWorkers(kind) ? "worker" : "client") + "  ", Ink::strong},
       {std::string(meant ? "background" : leak::verdictName(verdict)), lookOf(verdict).ink},
       {isKnown(report, kind) ? "  known" : "", Ink::faint}});
  putPlace(page, kIndent, kLabel, "made at", report, madeAt(analysis, kind));
  if (const std::string handle = handleText(kind.handle); !handle.empty()) {
    page.field(kIndent, kLabel, "handle",
               fmt::format("{}; nobody has it to {} it", handle, kind.handle.method));
  }
  if (!areWorkers(kind)) page.field(kIndent, kLabel, "each", eachText(analysis, kind));
  std::string all = counted(kind.goroutines, "goroutine");
  for (const std::string& part : contentsOf(kind)) {
    if (part != all) all += ", " + part;
  }
  page.field(kIndent, kLabel, "all", fmt::format("{}; {}", all, costOf(kind)));
  page.field(kIndent, kLabel, "woken by", wakersText(wakersOf(analysis, kind)));
  page.field(kIndent, kLabel, "can reach", reachText(kind));
  if (const std::string creator = creatorText(analysis, kind); !creator.empty()) {
    page.field(kIndent, kLabel, "created by", creator);
  }
  const auto functions = functionsOf(analysis, kind);
  for (std::size_t i = 0; i < std::min(kFunctions, functions.size()); ++i) {
    putPlace(page, kIndent, kLabel, i == 0 ? "runs" : "", report, functions[i].second,
             counted(functions[i].first, "goroutine"));
  }
  const Index oldest = oldestOf(analysis, kind);
  if (areWorkers(kind)) {
    for (const std::string& dead : deadWaits(analysis, oldest)) {
      page.field(kIndent, kLabel, "dead", dead);
    }
  }
  page.field(kIndent, kLabel, "because", analysis.sentence(oldest));
  if (meant) page.field(kIndent, kLabel, "note", traitsOf(kind.background).meaning);
  page.field(kIndent, kLabel, "goroutines",
             goroutineList(*report.snapshot, goroutinesOf(analysis, kind)), Ink::faint);
}

void renderIslands(const Report& report, std::uint64_t limit, const TextStyle& style,
                   const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const auto& kinds = report.analysis->islandKinds();
  const proof::Orphans* orphans = report.analysis->options().orphans;
  if (orphans == nullptr || !orphans->given()) {
    page.line(0, {{orphans == nullptr ? "not asked for: it takes the proof"
                                      : "not known: " + orphans->withheld(),
                   Ink::bad}});
    return;
  }
  if (kinds.empty()) page.line(0, {{"somebody can stop every goroutine"}});
  const std::size_t shown = atMost(kinds.size(), limit);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) page.blank();
    putKind(page, report, kinds[i]);
  }
  putMore(page, style, kinds.size() - shown, "islands");
}

void putHandle(JsonWriter& json, const leak::Handle& handle) {
  json.key("handle");
  if (handle.type.empty()) {
    json.null();
    return;
  }
  json.object([&] {
    json.member("type", handle.type);
    json.member("method", handle.method);
    json.member("count", handle.islands);
    json.member("looked_at", handle.looked);
    json.address("example", handle.example);
    json.text("field", handle.field);
    json.array("values", handle.values, [&](const auto& value) {
      json.object([&] {
        json.member("value", value.first);
        json.member("count", value.second);
      });
    });
  });
}

/// One object of the array `islands`: those of one kind.
void putIslandKind(JsonWriter& json, const Report& report, std::size_t index) {
  const leak::Analysis& analysis = *report.analysis;
  const IslandKind& kind = analysis.islandKinds()[index];
  const proof::Islands& islands = analysis.options().orphans->islands();
  json.object([&] {
    json.member("count", kind.islands.size());
    json.text("background", traitsOf(kind.background).id);
    putPlaceOrNull(json, "made_at", madeAt(analysis, kind));
    json.member("goroutine_count", kind.goroutines);
    json.member("connections", kind.connections);
    json.member("timers", kind.timers);
    putHandle(json, kind.handle);
    json.array("woken_by", wakersOf(analysis, kind), [&](const leak::IslandWaker& waker) {
      json.object([&] {
        json.member("kind", idOf(waker.kind));
        json.member("count", waker.count);
        json.member("period_ns", waker.period);
        json.text("callback", waker.callback.function);
        json.member("next_ns", waker.next);
      });
    });
    json.member("open", kind.open());
    json.array("reaches", kind.reaches, [&](const std::string& name) { json.value(name); });
    json.member("stack_bytes", kind.stackBytes);
    json.member("heap_bytes", kind.heapBytes);
    json.array("islands", kind.islands, [&](Index island) {
      json.array(islands.goroutinesOf(islands.all[island]),
                 [&](Index goroutine) { json.value(report.snapshot->goroutines[goroutine].id); });
    });
  });
}

}  // namespace

extern const Section kIslands = {
    .name = "islands",
    .summary = "what still runs and nobody can stop",
    .text =
        "Goroutines that the clock or the network wakes but that nobody outside can stop; those "
        "that\n"
        "can wake one another together, by kind. Those that are meant to be are called background.",
    .judged = true,
    .showsSource = true,
    .render = renderIslands,
    .members =
        [](Document& document, std::uint64_t limit) {
          const Report& report = document.report();
          document.array(
              "islands", "island", atMost(report.analysis->islandKinds().size(), limit),
              [&report](JsonWriter& json, std::size_t i) { putIslandKind(json, report, i); });
        },
};

}  // namespace parked::report
