// Which test a goroutine comes from, and which goroutines do nothing but wait for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "golang/ancestors.h"
#include "leak/analysis.h"

namespace parked::leak {

class TestOrigins {
 public:
  explicit TestOrigins(const Analysis& analysis);

  /// The program is one that `go test` makes; of any other one no test is told.
  bool ofTests() const { return ofTests_; }

  /// "TestFirst", "TestAll/group" where the subtest is known; "" if nothing tells it. By the first
  /// that does: its label "test" (which package testing is to set, golang/go#75047), its own stack,
  /// the go statement that made it, its ancestors as the runtime has noted them
  /// (GODEBUG=tracebackancestors), and the stacks of those that live.
  std::string of(Index goroutine);

  /// It waits in package testing itself: for a test, a subtest, or its turn. Whatever keeps it from
  /// going on is what the tests do.
  bool waitsForTest(Index goroutine);

 private:
  std::string byLabel(const golang::Goroutine& goroutine) const;
  std::string byStack(const golang::Goroutine& goroutine);
  std::string byPc(Addr pc);

  const Analysis& analysis_;
  bool ofTests_;
  golang::AncestorReader ancestors_;
  std::vector<image::SourceFrame> frames_;  // scratch
};

/// The test that is a function, or has it inside: "TestAll" of "shop/orders.TestAll.func1"; "" if
/// none has. `file` is where the function is.
std::string_view testOfFunction(std::string_view function, std::string_view file);

}  // namespace parked::leak
