// JUnit XML, as test runners and CI read it: a test case for each rule that found nothing, one for
// each finding, and one for whether all could be read and proved.

#include <set>

#include "report/alerts.h"
#include "report/escape.h"
#include "report/format.h"
#include "rules/rule.h"

namespace parked::report {

namespace {

/// Text of XML 1.0, which has no way to write most control characters.
std::string xml(std::string_view raw) {
  std::string out;
  // Line ends are meant; all else that steers is made visible.
  for (std::size_t at = 0; at <= raw.size();) {
    const std::size_t end = std::min(raw.find('\n', at), raw.size());
    if (at > 0) out += "&#10;";
    const std::string line = escape(raw.substr(at, end - at));
    for (std::size_t i = 0; i < line.size();) {
      std::uint32_t code = 0;
      const std::size_t size = std::max<std::size_t>(1, decodeUtf8(line, i, code));
      switch (line[i]) {
        case '&':
          out += "&amp;";
          break;
        case '<':
          out += "&lt;";
          break;
        case '>':
          out += "&gt;";
          break;
        case '"':
          out += "&quot;";
          break;
        default:
          out += code >= 0xfffe && code <= 0xffff ? fmt::format("\\u{:04x}", code)
                                                  : line.substr(i, size);
      }
      i += size;
    }
    at = end + 1;
  }
  return out;
}

/// With --fail-on what that says; SUSPECT and graver without it.
bool isFailure(const Report& report, const Alert& alert) {
  const leak::Verdict verdict = report.decision ? report.decision->verdict : leak::Verdict::suspect;
  return alert.verdict >= verdict && !alert.known;
}

void putAlert(Writer& out, const Report& report, const Alert& alert) {
  const std::string where =
      alert.place.function.empty() ? alert.fingerprint : std::string(alert.place.function);
  out.format(R"(  <testcase classname="parked.{}" name="{} in {} [{}]")", alert.rule,
             xml(alert.title), xml(where), alert.fingerprint);
  if (!alert.place.file.empty()) {
    out.format(R"( file="{}" line="{}")", xml(alert.place.file), alert.place.line);
  }
  out(">");
  if (isFailure(report, alert)) {
    out.format(R"(<failure type="{}" message="{}">{}</failure>)", leak::verdictName(alert.verdict),
               xml(alert.message), xml(alertText(alert)));
  } else if (alert.known) {
    out(R"(<skipped message="known: the baseline lists it"/>)");
  } else {
    out.format("<system-out>{}</system-out>", xml(alertText(alert)));
  }
  out("</testcase>\n");
}

/// What is not known may hide leaks: no pass.
void putLimits(Writer& out, const std::vector<std::string>& limits) {
  out(R"(  <testcase classname="parked" name="everything was read and proved">)");
  if (!limits.empty()) {
    std::string text;
    for (const std::string& limit : limits) text += limit + "\n";
    out.format(R"(<error type="incomplete" message="{}">{}</error>)", xml(limits.front()),
               xml(text));
  }
  out("</testcase>\n");
}

void renderJunit(const Answer& answer, const TextStyle&, const Sink& sink) {
  Writer out(sink);
  const Report& report = answer.report;
  const std::vector<Alert> alerts = alertsOf(report);
  const std::vector<std::string> limits = limitsOf(report);
  std::set<std::string_view> found;
  std::size_t failures = 0, skipped = 0;
  for (const Alert& alert : alerts) {
    found.insert(alert.rule);
    if (isFailure(report, alert)) ++failures;
    if (alert.known) ++skipped;
  }
  std::vector<const rules::Rule*> clean;
  for (const rules::Rule& rule : rules::rules()) {
    if (!found.contains(rule.name)) clean.push_back(&rule);
  }
  const std::string counts =
      fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}")",
                  1 + clean.size() + alerts.size(), failures, limits.empty() ? 0 : 1, skipped);
  out("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  out.format("<testsuites {0}>\n <testsuite name=\"parked\" {0}>\n", counts);
  putLimits(out, limits);
  for (const rules::Rule* rule : clean) {
    out.format("  <testcase classname=\"parked.{}\" name=\"{}\"></testcase>\n", rule->name,
               xml(rule->title));
  }
  for (const Alert& alert : alerts) putAlert(out, report, alert);
  out(" </testsuite>\n</testsuites>\n");
}

}  // namespace

extern const Format kJunitFormat = {
    .name = "junit",
    .help = "JUnit XML, for CI",
    .goroutinesOnly = true,
    .hasFindings = true,
    .joining = Joining::alone,
    .render = renderJunit,
};

}  // namespace parked::report
