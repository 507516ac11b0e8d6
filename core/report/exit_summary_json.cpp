// `parked exec-summary --json`.

#include "report/exit_summary.h"
#include "report/json_text.h"

namespace parked::report {

namespace {

void putSummed(JsonWriter& json, const compare::Summed& summed) {
  const compare::Leftover& one = summed.leftover;
  json.newLine();
  json.object([&] {
    json.text("fingerprint", one.fingerprint);
    json.text("rule", one.rule);
    json.text("title", one.title);
    json.member("verdict", leak::verdictName(one.verdict));
    json.member("count", one.count);
    json.array("packages", summed.packages, [&](const std::string& name) { json.value(name); });
    json.array("left_by", summed.tests, [&](const std::string& name) { json.value(name); });
    json.text("func", one.function);
    json.text("file", one.file);
    json.member("line", one.line);
    json.text("created_by", one.creator);
  });
}

}  // namespace

void renderExitSummaryJson(const compare::ExitSummary& summary, const std::string& folder,
                           const Sink& sink) {
  Writer out(sink);
  JsonWriter json(out.block());
  const auto name = [&](const std::string& each) { json.value(each); };
  json.object([&] {
    json.member("schema", kExitSummarySchema);
    json.newLine();
    json.member("folder", folder);
    json.member("programs", summary.programs);
    json.member("leaking", summary.leaking);
    json.array("unproved", summary.unproved, name);
    json.text("withheld", summary.withheld);
    json.array("incomplete", summary.incomplete, name);
    json.newLine();
    json.array("unread", summary.unread, [&](const compare::ExitSummary::Unread& file) {
      json.object([&] {
        json.member("file", file.file);
        json.member("error", file.why);
      });
    });
    json.newLine();
    json.array("findings", summary.leftovers, [&](const compare::Summed& summed) {
      putSummed(json, summed);
      out.drain();
    });
  });
  out("\n");
}

}  // namespace parked::report
