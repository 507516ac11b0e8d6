// Numbers for a monitoring system; what a section has of them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/model.h"
#include "report/writer.h"

namespace parked::report {

/// What is measured: `parked_<name>`.
struct MetricFamily {
  struct Sample {
    std::vector<std::pair<std::string, std::string>> labels;  ///< values without what steers
    std::string text;                                         ///< the number, exactly
    double value = 0;
  };
  std::string name, type, help;
  std::string unit;  ///< ends the name; "" if there is none
  std::vector<Sample> samples;

  /// What its samples are called: of an info and of a counter that is not the family's name.
  std::string sampleName() const;
};

class Metrics {
 public:
  /// Names of labels with their values, which may come from the target.
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  /// Begins a family; its samples follow it.
  void family(std::string_view name, std::string_view type, std::string_view help,
              std::string_view unit = {});
  /// A sample of the family that was begun last.
  template <class Number>
  void sample(const Labels& labels, Number value) {
    add(labels, fmt::format("{}", value), static_cast<double>(value));
  }

  const std::vector<MetricFamily>& families() const { return families_; }

 private:
  void add(const Labels& labels, std::string text, double value);

  std::vector<MetricFamily> families_;
};

/// What a report says in numbers (docs/formats.md).
Metrics metricsOf(const Report& report);

/// In the text of OpenMetrics 1.0.0, with its end.
void writeOpenMetrics(const Metrics& metrics, Writer& out);

}  // namespace parked::report
