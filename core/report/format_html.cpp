// The report as a page for a browser: the JSON document, bounded, with the graph of who holds up
// whom and the ways that keep groups alive (docs/formats.md).

#include "proof/proof.h"
#include "report/format.h"
#include "report/html_page.h"
#include "report/json_bound.h"
#include "report/lists.h"
#include "report/put_document.h"
#include "report/section.h"
#include "report/wait_graph.h"

namespace parked::report {

namespace {

/// Groups whose way is told: the largest.
constexpr std::size_t kWaysTold = 40;

/// All but the list of goroutines, of which groups have what the page shows.
void addPageMembers(Document& document) {
  const Report& report = document.report();
  document.value("selection", [&report](JsonWriter& json) { putSelection(json, report, 0); });
  document.addGroups();
  for (const Section* section : report.sections) {
    if (section->members != nullptr) section->members(document, 0);
  }
  document.addEnd();
}

void putWaitGraph(JsonWriter& json, const Report& report) {
  const WaitGraph graph = waitGraphOf(report);
  json.newLine();
  json.object("waits", [&] {
    json.array("edges", graph.edges, [&](const WaitGraph::Edge& edge) {
      json.object([&] {
        json.member("from", edge.from);
        json.member("to", edge.to);
        json.member("count", edge.count);
        json.member("act", edge.act);
        json.member("circle", edge.circle);
      });
    });
    json.key("groups");
    json.begin('[');
    for (std::size_t g = 0; g < graph.shown.size(); ++g) {
      if (!graph.shown[g]) continue;
      json.object([&] {
        json.member("group", g);
        json.member("island",
                    graph.island[g] == kNone ? std::nullopt : std::optional(graph.island[g]));
      });
    }
    json.end(']');
  });
}

/// What keeps the largest groups that wait from being proved.
void putKeepAliveWays(JsonWriter& json, const Report& report) {
  const proof::Proof* proof = report.analysis->options().proof;
  std::size_t told = 0;
  json.newLine();
  json.key("ways");
  json.begin('[');
  for (std::size_t g = 0; g < report.grouping.groups.size() && told < kWaysTold; ++g) {
    const leak::Group& group = report.grouping.groups[g];
    if (group.system || proof == nullptr || !proof->given()) continue;
    if (proof->fate(group.example) != proof::Fate::alive) continue;
    ++told;
    json.object([&] {
      json.member("group", g);
      json.key("why");
      putWhy(json, report, group.example);
    });
  }
  json.end(']');
}

void renderHtml(const Answer& answer, const TextStyle&, const Sink& sink) {
  const Report& report = answer.report;
  writePage(sink, [&report](const Sink& data) {
    JsonBound bound(data, {});
    Writer out([&bound](std::string_view text) { return bound(text); });
    JsonWriter json(out.block());
    Document document(report);
    addPageMembers(document);
    json.object([&] {
      json.member("page", "report");
      json.key("report");
      putDocument(out, json, document);
      putWaitGraph(json, report);
      putKeepAliveWays(json, report);
      out.flush();
      json.newLine();
      json.object("cut", [&] {
        for (const auto& [path, cut] : bound.cuts()) {
          json.key(std::string_view(path));
          json.object([&] {
            json.member("kept", cut.kept);
            json.member("total", cut.total);
          });
        }
      });
    });
  });
}

}  // namespace

extern const Format kHtmlFormat = {
    .name = "html",
    .help = "a page for a browser, in one file",
    .goroutinesOnly = true,
    .hasFindings = true,
    .ofDiff = true,
    .joining = Joining::alone,
    .missing = pageMissing,
    .render = renderHtml,
};

}  // namespace parked::report
