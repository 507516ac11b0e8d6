// The JSON document and JSON lines, written as they are made (docs/json.md).

#include <algorithm>
#include <functional>

#include "report/crash.h"
#include "report/json_contexts.h"
#include "report/json_islands.h"
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
  std::function<void(JsonWriter& json, std::size_t i)> put;
};

using FindingsShown = std::vector<std::pair<const rules::Finding*, std::size_t>>;

/// What --fail-on made of the report, by places in the document's arrays.
void putDecision(JsonWriter& json, const Decision& decision, const FindingsShown& shown) {
  json.object([&] {
    json.member("verdict", leak::verdictName(decision.verdict));
    json.array("groups", decision.groups, [&](std::size_t group) { json.value(group); });
    json.key("findings");
    json.begin('[');
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if (std::ranges::find(decision.findings, shown[i].first) != decision.findings.end()) {
        json.value(i);
      }
    }
    json.end(']');
    json.member("incomplete", decision.incomplete);
  });
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
            [this](JsonWriter& json, std::size_t i) { objects_.timer(json, i); });
    }
    if (asked.channels) addChannels();
    if (asked.locks) addLocks();
    addResources();
    if (asked.panicking) {
      array("panicking", "panicking", report.snapshot->panicking.size(),
            [this](JsonWriter& json, std::size_t i) { putPanickingObject(json, report_, i); });
    }
    if (asked.tree != nullptr) {
      array(
          "tree", "tree_node", atMost(asked.tree->forest.nodes().size(), limit),
          [this](JsonWriter& json, std::size_t i) { putTreeNode(json, report_, *asked_.tree, i); });
    }
    if (asked.why != kNone) {
      value("why", [this](JsonWriter& json, std::size_t) { putWhy(json, report_, asked_.why); });
    }
    value("proof", [this](JsonWriter& json, std::size_t) { putProof(json, report_); });
    if (report.decision) {
      value("fail_on", [this](JsonWriter& json, std::size_t) {
        putDecision(json, *report_.decision, asked_.groups ? findings_ : FindingsShown());
      });
    }
    array("incomplete", "incomplete", report.incomplete.size(),
          [this](JsonWriter& json, std::size_t i) { putIncomplete(json, report_.incomplete[i]); });
    array("momentary", "momentary", report.snapshot->momentary.entries().size(),
          [this](JsonWriter& json, std::size_t i) {
            putIncomplete(json, report_.snapshot->momentary.entries()[i]);
          });
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() = default;

  const std::vector<Part>& all() const { return all_; }

 private:
  using Put = std::function<void(JsonWriter& json, std::size_t i)>;
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
        [this, listed](JsonWriter& json, std::size_t) { putSelection(json, report_, listed); });
  array("goroutines", "goroutine", listed, [this](JsonWriter& json, std::size_t i) {
    objects_.goroutine(json, report_.goroutines[i]);
  });
}

void Parts::addGroups() {
  array("groups", "group", report_.grouping.groups.size(),
        [this](JsonWriter& json, std::size_t i) { objects_.group(json, i); });
  findings_ = findingsShown(report_);
  array("findings", "finding", findings_.size(), [this](JsonWriter& json, std::size_t i) {
    putFinding(json, report_, *findings_[i].first, findings_[i].second);
  });
}

void Parts::addChannels() {
  const bool one = asked_.channel != kNone;
  const std::size_t count = one ? 1 : atMost(report_.snapshot->channels.size(), limit_);
  array("channels", "channel", count, [this, one](JsonWriter& json, std::size_t i) {
    const golang::Snapshot& snapshot = *report_.snapshot;
    putChannel(json, snapshot, snapshot.channels[one ? asked_.channel : i]);
  });
}

void Parts::addLocks() {
  array("locks", "lock", atMost(report_.snapshot->locks.size(), limit_),
        [this](JsonWriter& json, std::size_t i) { putLock(json, report_, static_cast<Index>(i)); });
  const auto& cycles = report_.analysis->lockHolders().cycles;
  array(
      "lock_cycles", "lock_cycle", cycles.size(),
      [this, &cycles](JsonWriter& json, std::size_t i) { putLockCycle(json, report_, cycles[i]); });
  const auto& circles = report_.analysis->waitCircles().circles;
  array("wait_circles", "wait_circle", circles.size(),
        [this, &circles](JsonWriter& json, std::size_t i) {
          putWaitCircle(json, report_, circles[i]);
        });
  if (report_.resources != nullptr) {
    value("extra_sync", [this](JsonWriter& json, std::size_t) { putExtraSync(json, report_); });
  }
}

void Parts::addResources() {
  if (asked_.http) {
    value("http", [this](JsonWriter& json, std::size_t) { putHttp(json, report_); });
  }
  if (asked_.islands) {
    array("islands", "island", atMost(report_.analysis->islandKinds().size(), limit_),
          [this](JsonWriter& json, std::size_t i) { putIslandKind(json, report_, i); });
  }
  if (report_.resources == nullptr) return;
  const stdlib::Resources& all = *report_.resources;
  if (asked_.sql) {
    array("sql", "sql", atMost(all.sql.databases.size(), limit_),
          [this](JsonWriter& json, std::size_t i) { putSqlDb(json, report_, i); });
  }
  if (asked_.files) {
    array("files", "file", atMost(all.files.all.size(), limit_),
          [this](JsonWriter& json, std::size_t i) { putFile(json, report_, i); });
  }
  if (asked_.contexts) {
    array("contexts", "context", atMost(all.contexts.nodes.size(), limit_),
          [this](JsonWriter& json, std::size_t i) { putContext(json, report_, i); });
  }
}

/// `put` writes the members of an object that has a line for itself.
template <class Put>
void putLine(Writer& out, std::string_view type, const Put& put) {
  JsonWriter json(out.block());
  json.object([&] {
    json.member("type", type);
    put(json);
  });
  out("\n");
}

/// One line an object, its type in front of its own members; of a list, under `members`.
void putLines(Writer& out, const Part& part) {
  std::string text;
  for (std::size_t i = 0; i < part.count && !out.ended(); ++i) {
    text.clear();
    JsonWriter element(text);
    part.put(element, i);
    putLine(out, part.type, [&](JsonWriter& json) {
      if (text.front() == '{') {
        json.raw(std::string_view(text).substr(1, text.size() - 2));
      } else {
        json.key("members");
        json.raw(text);
      }
    });
  }
}

void putPart(Writer& out, JsonWriter& json, const Part& part) {
  json.newLine();
  json.key(part.name);
  if (part.array) json.begin('[');
  for (std::size_t i = 0; i < part.count && !out.ended(); ++i) {
    if (part.array) json.newLine();
    part.put(json, i);
    out.drain();
  }
  if (part.array) json.end(']');
}

}  // namespace

void renderJson(const Report& report, const JsonParts& asked, std::uint64_t limit,
                const Sink& sink) {
  Writer out(sink);
  JsonWriter json(out.block());
  JsonObjects objects(report);
  json.object([&] {
    json.member("schema", kJsonSchema);
    json.newLine();
    json.key("target");
    putTarget(json, report);
    const Parts parts(report, asked, limit, objects);
    for (const Part& part : parts.all()) putPart(out, json, part);
  });
  out("\n");
}

void renderJsonl(const Report& report, const JsonParts& asked, std::uint64_t limit,
                 const Sink& sink) {
  Writer out(sink);
  JsonObjects objects(report);
  putLine(out, "schema", [](JsonWriter& json) { json.member("schema", kJsonSchema); });
  putLines(out, {"target", "target", 1, false,
                 [&report](JsonWriter& json, std::size_t) { putTarget(json, report); }});
  const Parts parts(report, asked, limit, objects);
  for (const Part& part : parts.all()) putLines(out, part);
  // A reader that does not see this line has a stream that was cut off.
  putLine(out, "end",
          [&report](JsonWriter& json) { json.member("incomplete", !report.incomplete.empty()); });
}

}  // namespace parked::report
