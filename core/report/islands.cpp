// Islands of goroutines that nobody can stop, by kind.

#include <algorithm>

#include "leak/island_words.h"
#include "leak/numbers.h"
#include "report/json_text.h"
#include "report/page.h"
#include "report/phrases.h"
#include "report/section.h"

namespace parked::report {

namespace {

using leak::Background;
using leak::counted;
using leak::IslandKind;

constexpr std::size_t kIndent = 3, kLabel = 12, kFunctions = 5;

/// "3 to 5" where islands differ.
std::string range(std::uint64_t least, std::uint64_t most, std::string_view what) {
  if (least == most) return counted(most, what);
  return fmt::format("{} to {}", leak::withSeparators(least), counted(most, what));
}

std::string eachText(const Report& report, const IslandKind& kind) {
  const proof::Islands& islands = report.analysis->options().orphans->islands();
  std::uint64_t least = ~std::uint64_t{0}, most = 0;
  for (const Index island : kind.islands) {
    least = std::min<std::uint64_t>(least, islands.all[island].goroutines);
    most = std::max<std::uint64_t>(most, islands.all[island].goroutines);
  }
  return range(least, most, "goroutine");
}

void putKind(Page& page, const Report& report, const IslandKind& kind) {
  const leak::Analysis& analysis = *report.analysis;
  const bool meant = kind.background != Background::none;
  const leak::Verdict verdict = meant ? leak::Verdict::waiting : leak::Verdict::orphan;
  page.line(
      1,
      {{counted(kind.islands.size(), areWorkers(kind) ? "worker" : "client") + "  ", Ink::strong},
       {std::string(meant ? "background" : leak::verdictName(verdict)), verdictInk(verdict)}});
  page.placeField(kIndent, kLabel, "made at", madeAt(analysis, kind));
  if (!areWorkers(kind)) page.field(kIndent, kLabel, "each", eachText(report, kind));
  std::string all = counted(kind.goroutines, "goroutine");
  for (const std::string& part : contentsOf(kind)) {
    if (part != all) all += ", " + part;
  }
  page.field(kIndent, kLabel, "all", fmt::format("{}; {}", all, costOf(kind)));
  const auto functions = functionsOf(analysis, kind);
  for (std::size_t i = 0; i < std::min(kFunctions, functions.size()); ++i) {
    page.placeField(kIndent, kLabel, i == 0 ? "runs" : "", functions[i].second,
                    counted(functions[i].first, "goroutine"));
  }
  const Index oldest = oldestOf(analysis, kind);
  if (areWorkers(kind)) {
    for (const std::string& dead : deadWaits(analysis, oldest)) {
      page.field(kIndent, kLabel, "dead", dead);
    }
  }
  page.field(kIndent, kLabel, "because", analysis.sentence(oldest));
  if (meant) page.field(kIndent, kLabel, "note", meaningOf(kind.background));
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

/// One object of the array `islands`: those of one kind.
void putIslandKind(JsonWriter& json, const Report& report, std::size_t index) {
  const leak::Analysis& analysis = *report.analysis;
  const IslandKind& kind = analysis.islandKinds()[index];
  const proof::Islands& islands = analysis.options().orphans->islands();
  json.object([&] {
    json.member("count", kind.islands.size());
    json.text("background", idOf(kind.background));
    putPlaceOrNull(json, "made_at", madeAt(analysis, kind));
    json.member("goroutine_count", kind.goroutines);
    json.member("connections", kind.connections);
    json.member("timers", kind.timers);
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
    .needsResources = true,
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
