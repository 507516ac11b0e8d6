// SARIF 2.1.0 (OASIS), which code scanning and editors read: a result for each finding, with the
// blocking line and the fingerprint.

#include <map>

#include "report/alerts.h"
#include "report/format.h"
#include "report/json_writer.h"
#include "report/source_lines.h"
#include "report/source_uri.h"
#include "report/verdict_look.h"
#include "rules/rule.h"

namespace parked::report {

namespace {

constexpr std::string_view kSchema = "https://json.schemastore.org/sarif-2.1.0.json";

void putText(JsonWriter& json, const char* name, std::string_view text) {
  json.key(std::string_view(name));
  json.object([&] { json.member("text", text); });
}

void putRule(JsonWriter& json, const Alert& alert) {
  json.newLine();
  json.object([&] {
    json.member("id", alert.rule);
    putText(json, "shortDescription", alert.title);
    for (const rules::Rule& rule : rules::rules()) {
      if (rule.name != alert.rule) continue;
      json.object("help", [&] {
        json.member("text", fmt::format("{}. See {}.", rule.fix, rules::documentation(rule)));
      });
    }
  });
}

void putLocation(JsonWriter& json, const Report& report, const leak::Place& place) {
  json.object([&] {
    json.object("physicalLocation", [&] {
      json.object("artifactLocation", [&] { json.member("uri", sourceUri(place.file)); });
      // Lines count from 1.
      if (place.line <= 0) return;
      json.object("region", [&] {
        json.member("startLine", place.line);
        const auto source = report.source == nullptr ? std::nullopt : report.source->of(place);
        if (source && !source->newer) {
          json.object("snippet", [&] { json.member("text", source->text); });
        }
      });
    });
    if (place.function.empty()) return;
    json.key("logicalLocations");
    json.begin('[');
    json.object([&] {
      json.member("fullyQualifiedName", place.function);
      json.member("kind", "function");
    });
    json.end(']');
  });
}

void putLocations(JsonWriter& json, const char* name, const Report& report,
                  const leak::Place& place) {
  if (place.file.empty()) return;
  json.key(std::string_view(name));
  json.begin('[');
  putLocation(json, report, place);
  json.end(']');
}

void putResult(JsonWriter& json, const Report& report, const Alert& alert, std::size_t rule) {
  json.newLine();
  json.object([&] {
    json.member("ruleId", alert.rule);
    json.member("ruleIndex", rule);
    json.member("level", lookOf(alert.verdict).level);
    putText(json, "message", alertText(alert));
    putLocations(json, "locations", report, alert.place);
    putLocations(json, "relatedLocations", report, alert.creator);
    json.object("partialFingerprints", [&] { json.member("parked/v1", alert.fingerprint); });
    if (report.knownGroups) json.member("baselineState", alert.known ? "unchanged" : "new");
    json.member("occurrenceCount", std::max<std::uint64_t>(1, alert.count));
    json.object("properties", [&] {
      json.member("verdict", leak::verdictName(alert.verdict));
      if (alert.tests.empty()) return;
      json.array("leftBy", alert.tests, [&](const std::string& test) { json.value(test); });
    });
  });
}

/// What could not be read or proved: a list without results is no clean bill then.
void putInvocation(JsonWriter& json, const Report& report) {
  json.key("invocations");
  json.begin('[');
  json.object([&] {
    json.member("executionSuccessful", report.incomplete.empty() && !report.interrupted);
    json.array("toolExecutionNotifications", limitsOf(report), [&](const std::string& limit) {
      json.object([&] {
        json.member("level", "warning");
        putText(json, "message", limit);
      });
    });
  });
  json.end(']');
}

void renderSarif(const Answer& answer, const TextStyle&, const Sink& sink) {
  Writer out(sink);
  JsonWriter json(out.block());
  const std::vector<Alert> alerts = alertsOf(answer.report);
  std::map<std::string_view, std::size_t> rules;
  std::vector<const Alert*> first;
  for (const Alert& alert : alerts) {
    if (rules.try_emplace(alert.rule, first.size()).second) first.push_back(&alert);
  }
  json.object([&] {
    json.member("$schema", kSchema);
    json.member("version", "2.1.0");
    json.key("runs");
    json.begin('[');
    json.object([&] {
      json.object("tool", [&] {
        json.object("driver", [&] {
          json.member("name", "parked");
          json.array("rules", first, [&](const Alert* alert) { putRule(json, *alert); });
        });
      });
      putInvocation(json, answer.report);
      json.key("results");
      json.begin('[');
      for (const Alert& alert : alerts) {
        if (out.ended()) break;
        putResult(json, answer.report, alert, rules.at(alert.rule));
        out.drain();
      }
      json.end(']');
    });
    json.end(']');
  });
  out("\n");
}

}  // namespace

extern const Format kSarifFormat = {
    .name = "sarif",
    .help = "SARIF 2.1.0, for code scanning and editors",
    .goroutinesOnly = true,
    .hasFindings = true,
    .joining = Joining::alone,
    .render = renderSarif,
};

}  // namespace parked::report
