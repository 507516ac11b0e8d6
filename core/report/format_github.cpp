// Workflow commands of GitHub Actions: each finding is an annotation at its line of the pull
// request.

#include "report/alerts.h"
#include "report/escape.h"
#include "report/format.h"
#include "report/verdict_look.h"

namespace parked::report {

namespace {

/// Of a message a line end would begin another command.
std::string message(std::string_view raw) {
  std::string out;
  for (std::size_t at = 0; at <= raw.size();) {
    const std::size_t end = std::min(raw.find('\n', at), raw.size());
    if (at > 0 && at < raw.size()) out += "%0A";
    for (const char c : escape(raw.substr(at, end - at))) {
      out += c == '%' ? std::string("%25") : std::string(1, c);
    }
    at = end + 1;
  }
  return out;
}

/// Of a property a comma or colon would end it.
std::string property(std::string_view raw) {
  std::string out;
  for (const char c : message(raw)) {
    out += c == ',' ? std::string("%2C") : c == ':' ? std::string("%3A") : std::string(1, c);
  }
  return out;
}

std::string_view commandOf(const Alert& alert) {
  if (alert.known) return "notice";
  return lookOf(alert.verdict).level;
}

void renderGithub(const Answer& answer, const TextStyle&, const Sink& sink) {
  Writer out(sink);
  for (const Alert& alert : alertsOf(answer.report)) {
    if (out.ended()) return;
    out.format("::{} ", commandOf(alert));
    if (!alert.place.file.empty()) {
      out.format("file={},line={},", property(alert.place.file), alert.place.line);
    }
    const std::string title =
        fmt::format("{} {}{}", alert.rule, alert.title, alert.known ? " (known)" : "");
    out.format("title={}::{}\n", property(title), message(alertText(alert)));
  }
  for (const std::string& limit : limitsOf(answer.report)) {
    out.format("::warning title=parked::{}\n", message(limit));
  }
}

}  // namespace

extern const Format kGithubFormat = {
    .name = "github",
    .help = "annotations of GitHub Actions",
    .goroutinesOnly = true,
    .hasFindings = true,
    .joining = Joining::alone,
    .render = renderGithub,
};

}  // namespace parked::report
