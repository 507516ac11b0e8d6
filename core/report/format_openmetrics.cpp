// OpenMetrics text (1.0.0), for Prometheus: how many goroutines have which verdict and wait reason,
// what leaks retain, findings, and what sections have: timers, pools.

#include <map>
#include <tuple>
#include <utility>

#include "report/format.h"
#include "report/metrics.h"
#include "report/phrases.h"
#include "report/section.h"

namespace parked::report {

namespace {

void putTarget(Metrics& metrics, const Report& report) {
  const TargetInfo& target = report.target;
  metrics.family("target", "info", "The program that was read.");
  metrics.sample({{"program", baseName(target.executable)},
                  {"go_version", target.goVersion},
                  {"build_id", target.buildId}},
                 1);
  const proof::Proof* proof = report.analysis->options().proof;
  metrics.family("proof_given", "gauge",
                 "1: who can never run again was proved; 0: no PROVED says nothing.");
  metrics.sample({}, proof != nullptr && proof->given() ? 1 : 0);
  metrics.family("incomplete", "gauge", "Kinds of things that could not be read.");
  metrics.sample({}, report.incomplete.size());
  metrics.family("pause_seconds", "gauge", "For how long the process was stopped.", "seconds");
  metrics.sample({}, std::chrono::duration<double>(target.pause).count());
}

void putGoroutines(Metrics& metrics, const Report& report) {
  std::map<std::pair<leak::Verdict, std::string>, std::uint64_t> counts;
  for (const Index i : report.goroutines) {
    if (report.snapshot->goroutines[i].system) continue;
    ++counts[{report.analysis->info(i).verdict, reasonText(*report.analysis, i)}];
  }
  metrics.family("goroutines", "gauge", "Goroutines of the program, by verdict and wait reason.");
  for (const auto& [key, count] : counts) {
    metrics.sample({{"verdict", leak::verdictName(key.first)}, {"reason", key.second}}, count);
  }
}

/// Without a proof it is not known.
void putRetained(Metrics& metrics, const Report& report) {
  if (report.holdings.owners.empty()) return;
  std::uint64_t stacks = 0, heap = report.holdings.sharedBytes;
  for (const proof::Holding& holding : report.holdings.owners) {
    stacks += holding.stackBytes;
    heap += holding.heapBytes;
  }
  metrics.family("retained_bytes", "gauge", "What leaked goroutines keep from being used again.",
                 "bytes");
  metrics.sample({{"of", "stacks"}}, stacks);
  metrics.sample({{"of", "heap"}}, heap);
}

void putFindings(Metrics& metrics, const Report& report) {
  struct Count {
    std::uint64_t places = 0, objects = 0;
  };
  std::map<std::tuple<std::string_view, leak::Verdict, bool>, Count> counts;
  for (const rules::Finding& finding : report.findings) {
    Count& count = counts[{rules::ruleOf(finding.rule).name, finding.verdict, finding.known}];
    ++count.places;
    count.objects += finding.count;
  }
  const auto labels = [](const auto& key) -> Metrics::Labels {
    return {{"rule", std::get<0>(key)},
            {"verdict", leak::verdictName(std::get<1>(key))},
            {"known", std::get<2>(key) ? "true" : "false"}};
  };
  metrics.family("findings", "gauge", "Places at which a rule found its pattern.");
  for (const auto& [key, count] : counts) metrics.sample(labels(key), count.places);
  metrics.family("finding_objects", "gauge",
                 "Goroutines, timers and connections that findings are about.");
  for (const auto& [key, count] : counts) metrics.sample(labels(key), count.objects);
}

void renderOpenMetrics(const Answer& answer, const TextStyle&, const Sink& sink) {
  Writer out(sink);
  writeOpenMetrics(metricsOf(answer.report), out);
}

}  // namespace

Metrics metricsOf(const Report& report) {
  Metrics metrics;
  putTarget(metrics, report);
  putGoroutines(metrics, report);
  putRetained(metrics, report);
  putFindings(metrics, report);
  for (const Section* section : report.sections) {
    if (section->metrics != nullptr) section->metrics(metrics, report);
  }
  return metrics;
}

extern const Format kOpenMetricsFormat = {
    .name = "openmetrics",
    .help = "OpenMetrics text, for Prometheus",
    .goroutinesOnly = true,
    .hasFindings = true,
    .joining = Joining::alone,
    .render = renderOpenMetrics,
};

}  // namespace parked::report
