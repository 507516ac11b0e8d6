// Whose tests left the goroutines of a group behind, in a program that `go test` made.
#pragma once

#include <string>
#include <vector>

#include "leak/test_origin.h"
#include "report/model.h"

namespace parked::report {

class LeftBy {
 public:
  explicit LeftBy(const Report& report) : report_(report), tests_(*report.analysis) {}

  /// "TestFirst", "TestSecond": each once, in the order of the members; none where it is not known.
  std::vector<std::string> of(const leak::Group& group);
  /// The group does nothing but wait for tests: it ends with what the tests do.
  bool waitsForTest(const leak::Group& group) { return tests_.waitsForTest(group.example); }

 private:
  const Report& report_;
  leak::TestOrigins tests_;
};

}  // namespace parked::report
