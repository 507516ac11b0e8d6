// The JSON document and JSON lines, written as they are made (docs/json.md).

#include <algorithm>

#include "report/crash.h"
#include "report/json_contexts.h"
#include "report/json_objects.h"
#include "report/json_resources.h"
#include "report/json_text.h"
#include "report/json_waits.h"
#include "report/render.h"

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

/// `,"name":[` and one object a line. `put(text, i)` appends the i-th.
template <class Put>
void putArray(Writer& out, std::string_view name, std::size_t count, const Put& put) {
  out.format(",\n\"{}\":[", name);
  for (std::size_t i = 0; i < count && !out.ended(); ++i) {
    out(i == 0 ? "\n" : ",\n");
    out.append([&](std::string& text) { put(text, i); });
  }
  out("]");
}

/// One line an object, its type in front of its own members: each begins with "{".
template <class Put>
void putLines(Writer& out, std::string_view type, std::size_t count, const Put& put) {
  std::string text;
  for (std::size_t i = 0; i < count && !out.ended(); ++i) {
    text.clear();
    put(text, i);
    out.format("{{\"type\":\"{}\",", type);
    out(std::string_view(text).substr(1));
    out("\n");
  }
}

}  // namespace

void renderJson(const Report& report, const JsonParts& parts, std::uint64_t limit,
                const Sink& sink) {
  Writer out(sink);
  JsonObjects objects(report);
  const golang::Snapshot& snapshot = *report.snapshot;
  const std::size_t listed = atMost(report.goroutines.size(), limit);
  out.format("{{\"schema\":\"{}\",\n\"target\":", kJsonSchema);
  out.append([&](std::string& text) { objects.target(text); });
  if (parts.goroutines) {
    out(",\n\"selection\":");
    out.append([&](std::string& text) { objects.selection(text, listed); });
    putArray(out, "goroutines", listed, [&](std::string& text, std::size_t i) {
      objects.goroutine(text, report.goroutines[i]);
    });
  }
  if (parts.groups) {
    putArray(out, "groups", report.grouping.groups.size(),
             [&](std::string& text, std::size_t i) { objects.group(text, i); });
  }
  if (parts.groups) {
    const auto found = findingsShown(report);
    putArray(out, "findings", found.size(), [&](std::string& text, std::size_t i) {
      objects.finding(text, *found[i].first, found[i].second);
    });
  }
  if (parts.timers) {
    putArray(out, "timers", timersOf(snapshot, report.resources).size(),
             [&](std::string& text, std::size_t i) { objects.timer(text, i); });
  }
  if (parts.channels) {
    const bool one = parts.channel != kNone;
    putArray(out, "channels", one ? 1 : atMost(snapshot.channels.size(), limit),
             [&](std::string& text, std::size_t i) {
               putChannel(text, snapshot, snapshot.channels[one ? parts.channel : i]);
             });
  }
  if (parts.locks) {
    putArray(out, "locks", atMost(snapshot.locks.size(), limit),
             [&](std::string& text, std::size_t i) { objects.lock(text, static_cast<Index>(i)); });
    const auto& cycles = report.analysis->lockHolders().cycles;
    putArray(out, "lock_cycles", cycles.size(),
             [&](std::string& text, std::size_t i) { objects.lockCycle(text, cycles[i]); });
    if (report.resources != nullptr) {
      out(",\n\"extra_sync\":");
      out.append([&](std::string& text) { putExtraSync(text, report); });
    }
  }
  if (parts.http) {
    out(",\n\"http\":");
    out.append([&](std::string& text) { putHttp(text, report); });
  }
  if (parts.sql && report.resources != nullptr) {
    putArray(out, "sql", atMost(report.resources->sql.databases.size(), limit),
             [&](std::string& text, std::size_t i) { putSqlDb(text, report, i); });
  }
  if (parts.files && report.resources != nullptr) {
    putArray(out, "files", atMost(report.resources->files.all.size(), limit),
             [&](std::string& text, std::size_t i) { putFile(text, report, i); });
  }
  if (parts.contexts && report.resources != nullptr) {
    putArray(out, "contexts", atMost(report.resources->contexts.nodes.size(), limit),
             [&](std::string& text, std::size_t i) { putContext(text, report, i); });
  }
  if (parts.panicking) {
    putArray(out, "panicking", snapshot.panicking.size(),
             [&](std::string& text, std::size_t i) { putPanickingObject(text, report, i); });
  }
  out(",\n\"proof\":");
  out.append([&](std::string& text) { objects.proof(text); });
  putArray(out, "incomplete", report.incomplete.size(), [&](std::string& text, std::size_t i) {
    JsonObjects::incomplete(text, report.incomplete[i]);
  });
  out("}\n");
}

void renderJsonl(const Report& report, std::uint64_t limit, const Sink& sink) {
  Writer out(sink);
  JsonObjects objects(report);
  const golang::Snapshot& snapshot = *report.snapshot;
  const std::size_t listed = atMost(report.goroutines.size(), limit);
  out.format("{{\"type\":\"schema\",\"schema\":\"{}\"}}\n", kJsonSchema);
  putLines(out, "target", 1, [&](std::string& text, std::size_t) { objects.target(text); });
  putLines(out, "selection", 1,
           [&](std::string& text, std::size_t) { objects.selection(text, listed); });
  putLines(out, "goroutine", listed, [&](std::string& text, std::size_t i) {
    objects.goroutine(text, report.goroutines[i]);
  });
  putLines(out, "group", report.grouping.groups.size(),
           [&](std::string& text, std::size_t i) { objects.group(text, i); });
  const auto found = findingsShown(report);
  putLines(out, "finding", found.size(), [&](std::string& text, std::size_t i) {
    objects.finding(text, *found[i].first, found[i].second);
  });
  putLines(out, "timer", timersOf(snapshot, report.resources).size(),
           [&](std::string& text, std::size_t i) { objects.timer(text, i); });
  putLines(out, "panicking", snapshot.panicking.size(),
           [&](std::string& text, std::size_t i) { putPanickingObject(text, report, i); });
  putLines(out, "proof", 1, [&](std::string& text, std::size_t) { objects.proof(text); });
  putLines(out, "incomplete", report.incomplete.size(), [&](std::string& text, std::size_t i) {
    JsonObjects::incomplete(text, report.incomplete[i]);
  });
  // A reader that does not see this line has a stream that was cut off.
  out.format("{{\"type\":\"end\",\"incomplete\":{}}}\n", boolText(!report.incomplete.empty()));
}

}  // namespace parked::report
