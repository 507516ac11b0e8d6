// The JSON document and JSON lines, written as they are made (docs/json.md).

#include <algorithm>
#include <fmt/ranges.h>
#include <functional>

#include "report/crash.h"
#include "report/json_contexts.h"
#include "report/json_objects.h"
#include "report/json_resources.h"
#include "report/json_text.h"
#include "report/json_waits.h"
#include "report/render.h"
#include "report/tree.h"

namespace parked::report {

namespace {

/// Findings with the number of their group, in the groups' order; then those about resources.
std::vector<std::pair<const rules::Finding*, std::size_t>> findingsShown(const Report& report) {
  std::vector<std::pair<const rules::Finding*, std::size_t>> shown;
  for (std::size_t i = 0; i < report.grouping.groups.size(); ++i) {
    const rules::Finding* finding = findingOf(report, report.grouping.groups[i]);
    if (finding != nullptr && finding->group != kNone) shown.emplace_back(finding, i);
  }
  for (const rules::Finding& finding : report.findings) {
    if (finding.group == kNone) shown.emplace_back(&finding, kNone);
  }
  return shown;
}

/// A member of the document behind `target`: an array, or one value.
struct Part {
  std::string_view name;
  std::string_view type;  ///< of its lines in JSON lines
  std::size_t count = 1;
  bool array = true;
  std::function<void(std::string& out, std::size_t i)> put;
};

using FindingsShown = std::vector<std::pair<const rules::Finding*, std::size_t>>;

/// What --fail-on made of the report, by places in the document's arrays.
void putDecision(std::string& out, const Decision& decision, const FindingsShown& shown) {
  put(out, FMT_COMPILE(R"({{"verdict":"{}","groups":[{}],"findings":[)"),
      leak::verdictName(decision.verdict), fmt::join(decision.groups, ","));
  bool first = true;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (std::ranges::find(decision.findings, shown[i].first) == decision.findings.end()) continue;
    put(out, FMT_COMPILE("{}{}"), first ? "" : ",", i);
    first = false;
  }
  put(out, FMT_COMPILE(R"(],"incomplete":{}}})"), boolText(decision.incomplete));
}

/// The parts of one report. `objects` must outlive them.
class Parts {
 public:
  Parts(const Report& report, const JsonParts& asked, std::uint64_t limit, JsonObjects& objects)
      : report_(report), asked_(asked), limit_(limit), objects_(objects) {
    if (asked.goroutines) addGoroutines();
    if (asked.groups) addGroups();
    if (asked.timers) {
      array("timers", "timer", timersOf(*report.snapshot, report.resources).size(),
            [this](std::string& out, std::size_t i) { objects_.timer(out, i); });
    }
    if (asked.channels) addChannels();
    if (asked.locks) addLocks();
    addResources();
    if (asked.panicking) {
      array("panicking", "panicking", report.snapshot->panicking.size(),
            [this](std::string& out, std::size_t i) { putPanickingObject(out, report_, i); });
    }
    if (asked.tree != nullptr) {
      array(
          "tree", "tree_node", atMost(asked.tree->forest.nodes().size(), limit),
          [this](std::string& out, std::size_t i) { putTreeNode(out, report_, *asked_.tree, i); });
    }
    if (asked.why != kNone) {
      value("why", [this](std::string& out, std::size_t) { putWhy(out, report_, asked_.why); });
    }
    value("proof", [this](std::string& out, std::size_t) { objects_.proof(out); });
    if (report.decision) {
      value("fail_on", [this](std::string& out, std::size_t) {
        putDecision(out, *report_.decision, asked_.groups ? findings_ : FindingsShown());
      });
    }
    array("incomplete", "incomplete", report.incomplete.size(),
          [this](std::string& out, std::size_t i) {
            JsonObjects::incomplete(out, report_.incomplete[i]);
          });
    array("momentary", "momentary", report.snapshot->momentary.entries().size(),
          [this](std::string& out, std::size_t i) {
            JsonObjects::incomplete(out, report_.snapshot->momentary.entries()[i]);
          });
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() = default;

  const std::vector<Part>& all() const { return all_; }

 private:
  using Put = std::function<void(std::string& out, std::size_t i)>;
  void array(std::string_view name, std::string_view type, std::size_t count, Put put) {
    all_.push_back({name, type, count, true, std::move(put)});
  }
  void value(std::string_view name, Put put) {
    all_.push_back({name, name, 1, false, std::move(put)});
  }

  void addGoroutines();
  void addGroups();
  void addChannels();
  void addLocks();
  void addResources();

  const Report& report_;
  JsonParts asked_;
  std::uint64_t limit_;
  JsonObjects& objects_;
  FindingsShown findings_;
  std::vector<Part> all_;
};

void Parts::addGoroutines() {
  const std::size_t listed = atMost(report_.goroutines.size(), limit_);
  value("selection",
        [this, listed](std::string& out, std::size_t) { objects_.selection(out, listed); });
  array("goroutines", "goroutine", listed, [this](std::string& out, std::size_t i) {
    objects_.goroutine(out, report_.goroutines[i]);
  });
}

void Parts::addGroups() {
  array("groups", "group", report_.grouping.groups.size(),
        [this](std::string& out, std::size_t i) { objects_.group(out, i); });
  findings_ = findingsShown(report_);
  array("findings", "finding", findings_.size(), [this](std::string& out, std::size_t i) {
    objects_.finding(out, *findings_[i].first, findings_[i].second);
  });
}

void Parts::addChannels() {
  const bool one = asked_.channel != kNone;
  const std::size_t count = one ? 1 : atMost(report_.snapshot->channels.size(), limit_);
  array("channels", "channel", count, [this, one](std::string& out, std::size_t i) {
    const golang::Snapshot& snapshot = *report_.snapshot;
    putChannel(out, snapshot, snapshot.channels[one ? asked_.channel : i]);
  });
}

void Parts::addLocks() {
  array("locks", "lock", atMost(report_.snapshot->locks.size(), limit_),
        [this](std::string& out, std::size_t i) { objects_.lock(out, static_cast<Index>(i)); });
  const auto& cycles = report_.analysis->lockHolders().cycles;
  array("lock_cycles", "lock_cycle", cycles.size(),
        [this, &cycles](std::string& out, std::size_t i) { objects_.lockCycle(out, cycles[i]); });
  const auto& circles = report_.analysis->waitCircles().circles;
  array(
      "wait_circles", "wait_circle", circles.size(),
      [this, &circles](std::string& out, std::size_t i) { objects_.waitCircle(out, circles[i]); });
  if (report_.resources != nullptr) {
    value("extra_sync", [this](std::string& out, std::size_t) { putExtraSync(out, report_); });
  }
}

void Parts::addResources() {
  if (asked_.http) {
    value("http", [this](std::string& out, std::size_t) { putHttp(out, report_); });
  }
  if (report_.resources == nullptr) return;
  const stdlib::Resources& all = *report_.resources;
  if (asked_.sql) {
    array("sql", "sql", atMost(all.sql.databases.size(), limit_),
          [this](std::string& out, std::size_t i) { putSqlDb(out, report_, i); });
  }
  if (asked_.files) {
    array("files", "file", atMost(all.files.all.size(), limit_),
          [this](std::string& out, std::size_t i) { putFile(out, report_, i); });
  }
  if (asked_.contexts) {
    array("contexts", "context", atMost(all.contexts.nodes.size(), limit_),
          [this](std::string& out, std::size_t i) { putContext(out, report_, i); });
  }
}

/// One line an object, its type in front of its own members; of a list, under `members`.
void putLines(Writer& out, const Part& part) {
  std::string text;
  for (std::size_t i = 0; i < part.count && !out.ended(); ++i) {
    text.clear();
    part.put(text, i);
    out.format("{{\"type\":\"{}\",", part.type);
    if (text.front() == '{') {
      out(std::string_view(text).substr(1));
    } else {
      out.format("\"members\":{}}}", text);
    }
    out("\n");
  }
}

}  // namespace

void renderJson(const Report& report, const JsonParts& asked, std::uint64_t limit,
                const Sink& sink) {
  Writer out(sink);
  JsonObjects objects(report);
  out.format("{{\"schema\":\"{}\",\n\"target\":", kJsonSchema);
  out.append([&](std::string& text) { objects.target(text); });
  const Parts parts(report, asked, limit, objects);
  for (const Part& part : parts.all()) {
    out.format(",\n\"{}\":", part.name);
    if (part.array) out("[");
    for (std::size_t i = 0; i < part.count && !out.ended(); ++i) {
      if (part.array) out(i == 0 ? "\n" : ",\n");
      out.append([&](std::string& text) { part.put(text, i); });
    }
    if (part.array) out("]");
  }
  out("}\n");
}

void renderJsonl(const Report& report, const JsonParts& asked, std::uint64_t limit,
                 const Sink& sink) {
  Writer out(sink);
  JsonObjects objects(report);
  out.format("{{\"type\":\"schema\",\"schema\":\"{}\"}}\n", kJsonSchema);
  putLines(out, {"target", "target", 1, false,
                 [&objects](std::string& text, std::size_t) { objects.target(text); }});
  const Parts parts(report, asked, limit, objects);
  for (const Part& part : parts.all()) putLines(out, part);
  // A reader that does not see this line has a stream that was cut off.
  out.format("{{\"type\":\"end\",\"incomplete\":{}}}\n", boolText(!report.incomplete.empty()));
}

}  // namespace parked::report
