#include "leak/test_origin.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace parked::leak {

namespace {

constexpr int kMostCreators = 20;  // up the chain; damage could make it a circle

/// What package testing calls (cmd/go/internal/load/test.go, isTest): the prefix, and no small
/// letter behind it.
bool isTestName(std::string_view name) {
  static constexpr std::array<std::string_view, 4> kPrefixes = {"Test", "Benchmark", "Fuzz",
                                                                "Example"};
  return std::ranges::any_of(kPrefixes, [&](std::string_view prefix) {
    return name.starts_with(prefix) &&
           (name.size() == prefix.size() ||
            std::islower(static_cast<unsigned char>(name[prefix.size()])) == 0);
  });
}

/// The main function that `go test` generates calls it, and it is too large to be inlined; what
/// nobody calls is not linked.
bool runsTests(const golang::Snapshot& snapshot) {
  return snapshot.image != nullptr &&
         snapshot.image->functions().byName("testing.(*M).Run") != image::kNoFunc;
}

bool isOfTesting(std::string_view function) {
  return function.starts_with("testing.") || function.starts_with("testing/synctest.");
}

/// What waiting is made of; who waits stands in the next frame.
bool onlyWaits(std::string_view function) {
  return isRuntimeFunction(function) || function.starts_with("sync.") ||
         function.starts_with("internal/");
}

}  // namespace

std::string_view testOfFunction(std::string_view function, std::string_view file) {
  if (!file.ends_with("_test.go")) return {};
  const std::size_t slash = function.rfind('/');
  const std::size_t dot = function.find('.', slash == std::string_view::npos ? 0 : slash);
  if (dot == std::string_view::npos) return {};
  function.remove_prefix(dot + 1);
  const std::string_view name = function.substr(0, function.find('.'));
  return isTestName(name) ? name : std::string_view();
}

TestOrigins::TestOrigins(const Analysis& analysis)
    : analysis_(analysis),
      ofTests_(runsTests(analysis.snapshot())),
      ancestors_(analysis.snapshot()) {}

std::string TestOrigins::byLabel(const golang::Goroutine& goroutine) const {
  const golang::Snapshot& snapshot = analysis_.snapshot();
  if (goroutine.labels >= snapshot.labelSets.size()) return "";
  for (const auto& [key, value] : snapshot.labelSets[goroutine.labels].pairs) {
    if (key == "test") return value;
  }
  return "";
}

std::string TestOrigins::byPc(Addr pc) {
  frames_.clear();
  analysis_.code().expand(pc, false, frames_);
  for (const image::SourceFrame& frame : frames_) {
    const std::string_view name = testOfFunction(frame.function, frame.file);
    if (!name.empty()) return std::string(name);
  }
  return "";
}

/// The outermost one: a test may call what looks like another.
std::string TestOrigins::byStack(const golang::Goroutine& goroutine) {
  frames_.clear();
  analysis_.frames(goroutine, frames_);
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    const std::string_view name = testOfFunction(frame->function, frame->file);
    if (!name.empty()) return std::string(name);
  }
  return "";
}

std::string TestOrigins::of(Index index) {
  if (!ofTests_) return "";
  const golang::Snapshot& snapshot = analysis_.snapshot();
  const golang::Goroutine* goroutine = &snapshot.goroutines[index];
  if (std::string name = byLabel(*goroutine); !name.empty()) return name;
  if (std::string name = byStack(*goroutine); !name.empty()) return name;
  if (std::string name = byPc(goroutine->creatorPc); !name.empty()) return name;
  for (const golang::Ancestor& ancestor : ancestors_.read(*goroutine)) {
    for (auto pc = ancestor.pcs.rbegin(); pc != ancestor.pcs.rend(); ++pc) {
      if (std::string name = byPc(*pc); !name.empty()) return name;
    }
    if (std::string name = byPc(ancestor.creatorPc); !name.empty()) return name;
  }
  for (int i = 0; i < kMostCreators && goroutine->parentId != 0; ++i) {
    const golang::Goroutine* parent = snapshot.byId(goroutine->parentId);
    if (parent == nullptr || parent == goroutine) break;
    if (std::string name = byStack(*parent); !name.empty()) return name;
    if (std::string name = byPc(parent->creatorPc); !name.empty()) return name;
    goroutine = parent;
  }
  return "";
}

bool TestOrigins::waitsForTest(Index index) {
  if (!ofTests_) return false;
  frames_.clear();
  analysis_.frames(analysis_.snapshot().goroutines[index], frames_);
  for (const image::SourceFrame& frame : frames_) {
    if (!onlyWaits(frame.function)) return isOfTesting(frame.function);
  }
  return false;
}

}  // namespace parked::leak
