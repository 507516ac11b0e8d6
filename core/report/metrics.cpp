#include "report/metrics.h"

#include "report/escape.h"

namespace parked::report {

namespace {

/// The value of a label: quote and backslash escaped; a line end cannot be in it.
std::string labelValue(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

std::string labelPairs(const MetricFamily::Sample& sample) {
  std::string text;
  for (const auto& [name, value] : sample.labels) {
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "{" : ",", name, labelValue(value));
  }
  return text.empty() ? text : text + "}";
}

}  // namespace

std::string MetricFamily::sampleName() const {
  return name + (type == "info" ? "_info" : type == "counter" ? "_total" : "");
}

void Metrics::family(std::string_view name, std::string_view type, std::string_view help,
                     std::string_view unit) {
  families_.push_back({fmt::format("parked_{}", name),
                       std::string(type),
                       std::string(help),
                       std::string(unit),
                       {}});
}

void Metrics::add(const Labels& labels, std::string text, double value) {
  MetricFamily::Sample sample{{}, std::move(text), value};
  // What escape() makes visible has backslashes of its own, which are text here.
  for (const auto& [name, raw] : labels) sample.labels.emplace_back(name, escape(raw));
  families_.back().samples.push_back(std::move(sample));
}

void writeOpenMetrics(const Metrics& metrics, Writer& out) {
  for (const MetricFamily& family : metrics.families()) {
    out.format("# TYPE {} {}\n", family.name, family.type);
    if (!family.unit.empty()) out.format("# UNIT {} {}\n", family.name, family.unit);
    out.format("# HELP {} {}\n", family.name, family.help);
    for (const MetricFamily::Sample& sample : family.samples) {
      out.format("{}{} {}\n", family.sampleName(), labelPairs(sample), sample.text);
    }
  }
  out("# EOF\n");
}

}  // namespace parked::report
