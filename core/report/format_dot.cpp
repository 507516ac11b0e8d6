// The graph of who holds up whom, for Graphviz: a node for goroutines that are at one place, an
// edge to who could end their wait; islands of orphans are frames, what keeps a group a box.

#include <map>

#include "base/text.h"
#include "leak/short_name.h"
#include "report/escape.h"
#include "report/format.h"
#include "report/phrases.h"
#include "report/wait_graph.h"

namespace parked::report {

namespace {

/// A text between quotes; in DOT a backslash begins an escape of its own.
std::string quoted(std::string_view raw) {
  std::string out = "\"";
  bool first = true;
  for (std::size_t at = 0; at <= raw.size(); first = false) {
    const std::size_t end = std::min(raw.find('\n', at), raw.size());
    if (!first) out += "\\n";
    for (const char c : escape(raw.substr(at, end - at))) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    at = end + 1;
  }
  return out + "\"";
}

class Graph {
 public:
  Graph(const Report& report, Writer& out)
      : report_(report), out_(out), graph_(waitGraphOf(report)) {}

  void put() {
    out_(
        "digraph parked {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", "
        "fontname=\"sans-serif\", fontsize=10];\n  edge [fontname=\"sans-serif\", fontsize=9];\n");
    out_.format("  label={};\n",
                quoted(fmt::format("{}: who holds up whom", baseName(report_.target.executable))));
    std::map<Index, std::vector<Index>> islands;  // groups by the kind of island
    const auto& groups = report_.grouping.groups;
    for (Index g = 0; g < groups.size() && !out_.ended(); ++g) {
      if (!graph_.shown[g]) continue;
      if (graph_.island[g] == kNone) {
        putNode(g, "  ");
      } else {
        islands[graph_.island[g]].push_back(g);
      }
    }
    for (const auto& [number, members] : islands) putIsland(number, members);
    for (const WaitGraph::Edge& edge : graph_.edges) putEdge(edge);
    out_("}\n");
  }

 private:
  void putNode(Index g, std::string_view indent) {
    const leak::Group& group = report_.grouping.groups[g];
    const leak::Analysis& analysis = *report_.analysis;
    const leak::Place& at = analysis.place(analysis.userLine(group.example).user);
    std::string text =
        fmt::format("{} {}\n{}", counted(group.count, "goroutine"),
                    leak::verdictName(group.verdict), reasonText(analysis, group.example));
    if (!at.function.empty()) {
      text += fmt::format("\n{}\n{}:{}", at.function, baseName(at.file), at.line);
    }
    if (const rules::Finding* finding = findingOf(report_, group); finding != nullptr) {
      const rules::Rule& rule = rules::ruleOf(finding->rule);
      text += fmt::format("\n{} {}", rule.name, rule.title);
    }
    out_.format("{}g{} [label={}, fillcolor=\"{}\"];\n", indent, g, quoted(text),
                lookOf(group.verdict).fill);
    const leak::Keeper* keeper = keeperOf(report_, group);
    if (keeper == nullptr) return;
    out_.format(
        "{0}k{1} [label={2}, shape=note, style=solid];\n{0}k{1} -> g{1} [style=dashed, "
        "label=\"keeps\"];\n",
        indent, g, quoted(leak::shortName(keeper->holder)));
  }

  void putIsland(Index number, const std::vector<Index>& members) {
    const leak::IslandKind& kind = report_.analysis->islandKinds()[number];
    out_.format(
        "  subgraph cluster_{} {{\n    label={};\n    style=dashed;\n", number,
        quoted(fmt::format("{} that nobody can stop", counted(kind.islands.size(), "island"))));
    for (const Index g : members) putNode(g, "    ");
    out_("  }\n");
  }

  void putEdge(const WaitGraph::Edge& edge) {
    out_.format("  g{} -> g{} [label={}{}];\n", edge.from, edge.to,
                quoted(edge.count > 1 ? fmt::format("{} x{}", edge.act, edge.count)
                                      : std::string(edge.act)),
                edge.circle ? ", color=red, penwidth=2" : "");
  }

  const Report& report_;
  Writer& out_;
  WaitGraph graph_;
};

void renderDot(const Answer& answer, const TextStyle&, const Sink& sink) {
  Writer out(sink);
  Graph(answer.report, out).put();
}

}  // namespace

extern const Format kDotFormat = {
    .name = "dot",
    .help = "who holds up whom as a graph, for Graphviz",
    .goroutinesOnly = true,
    .hasFindings = true,
    .joining = Joining::alone,
    .render = renderDot,
};

}  // namespace parked::report
