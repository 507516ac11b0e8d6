#include "report/metrics.h"

#include <functional>
#include <gtest/gtest.h>
#include <string>

namespace parked::report {
namespace {

std::string exposed(const std::function<void(Metrics&)>& put) {
  std::string text;
  {
    Writer out([&text](std::string_view piece) {
      text += piece;
      return true;
    });
    Metrics metrics;
    put(metrics);
    writeOpenMetrics(metrics, out);
  }
  return text;
}

TEST(Metrics, AFamilyHasItsSamplesBehindIt) {
  EXPECT_EQ(exposed([](Metrics& metrics) {
              metrics.family("pause_seconds", "gauge", "How long.", "seconds");
              metrics.sample({}, 0.5);
              metrics.sample({{"of", "a"}, {"in", "b"}}, 2);
            }),
            "# TYPE parked_pause_seconds gauge\n# UNIT parked_pause_seconds seconds\n"
            "# HELP parked_pause_seconds How long.\nparked_pause_seconds 0.5\n"
            "parked_pause_seconds{of=\"a\",in=\"b\"} 2\n# EOF\n");
}

TEST(Metrics, SamplesOfAnInfoHaveANameOfTheirOwn) {
  EXPECT_EQ(exposed([](Metrics& metrics) {
              metrics.family("target", "info", "Which.");
              metrics.sample({{"program", "x"}}, 1);
            }),
            "# TYPE parked_target info\n# HELP parked_target Which.\n"
            "parked_target_info{program=\"x\"} 1\n# EOF\n");
}

TEST(Metrics, SamplesOfACounterEndInTotal) {
  EXPECT_EQ(exposed([](Metrics& metrics) {
              metrics.family("looks", "counter", "So many.");
              metrics.sample({}, 3);
            }),
            "# TYPE parked_looks counter\n# HELP parked_looks So many.\nparked_looks_total 3\n"
            "# EOF\n");
}

TEST(Metrics, ValuesFromTheTargetCannotEndTheirLabel) {
  const std::string text = exposed([](Metrics& metrics) {
    metrics.family("target", "gauge", "Which.");
    metrics.sample({{"program", "a\"} 7\n\\x\x1b\xff"}}, 1);
  });
  EXPECT_TRUE(
      text.ends_with("parked_target{program=\"a\\\"} 7\\\\n\\\\x\\\\x1b\\\\xff\"} 1\n# EOF\n"))
      << text;
}

}  // namespace
}  // namespace parked::report
