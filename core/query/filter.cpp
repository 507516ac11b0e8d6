#include "query/filter.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/closest.h"
#include "golang/reasons.h"
#include "leak/describe.h"
#include "query/pattern.h"

namespace parked::query {

namespace {

/// What g.atomicstatus may be of a goroutine in the list.
std::vector<std::string_view> statusNames() {
  std::vector<std::string_view> names;
  for (const golang::StatusTraits& status : golang::statuses()) {
    if (status.listed) names.push_back(status.name);
  }
  return names;
}

std::vector<std::string_view> verdictNames() {
  std::vector<std::string_view> names;
  for (const leak::Verdict verdict :
       {leak::Verdict::proved, leak::Verdict::orphan, leak::Verdict::suspect,
        leak::Verdict::unknown, leak::Verdict::waiting, leak::Verdict::running}) {
    names.push_back(leak::verdictName(verdict));
  }
  return names;
}

/// Properties with few values take these in any case: no two differ by it.
bool ignoresCase(Property property) {
  return property == Property::verdict || property == Property::status ||
         property == Property::reason;
}

/// A filter that no value can pass is a mistake of typing, and would make an empty report look
/// clean. `shown`: what to name of `allowed`.
Result<void> checkValue(const Filter& filter, const Pattern& pattern,
                        const std::vector<std::string_view>& allowed,
                        const std::vector<std::string_view>& shown) {
  if (std::ranges::any_of(allowed, pattern)) return {};
  return fail(ErrorCode::usage,
              fmt::format("--{} {} '{}': no goroutine can have that.{} Expected {}",
                          filter.with ? "with" : "without", propertyName(filter.property),
                          filter.expression, didYouMean(filter.expression, allowed),
                          fmt::join(shown, ", ")));
}

/// A reason may be of another release than the target's: that is no mistake.
Result<void> checkReason(const leak::Analysis& analysis, const Filter& filter,
                         const Pattern& pattern) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  if (snapshot.reasons.size() < 2) return {};  // they were not found
  std::vector<std::string_view> allowed = golang::knownReasons(), shown;
  for (const golang::Reason& reason : snapshot.reasons) {
    const std::string_view text = snapshot.strings[reason.text];
    if (text.empty()) continue;
    allowed.push_back(text);
    const bool internal = reason.kind == golang::ReasonClass::runtimeInternal;
    if (!internal && !reason.durable) shown.push_back(text);
  }
  for (const std::string_view status : statusNames()) {  // of those that are not blocked
    allowed.push_back(status);
    if (status != "waiting") shown.push_back(status);
  }
  return checkValue(filter, pattern, allowed, shown);
}

/// A filter ready to be asked; every distinct value is matched once.
class Test {
 public:
  static Result<Test> make(const leak::Analysis& analysis, const Filter& filter) {
    Test test(analysis, filter);
    if (auto checked = checkFilter(filter); !checked) return tl::unexpected(checked.error());
    if (filter.property == Property::label) {
      const auto equals = filter.expression.find('=');
      test.labelKey_ = filter.expression.substr(0, equals);
      test.labelAny_ = equals == std::string::npos;
      if (!test.labelAny_) test.labelValue_ = filter.expression.substr(equals + 1);
      return test;
    }
    auto pattern = Pattern::make(filter.expression, ignoresCase(filter.property));
    if (!pattern) return tl::unexpected(pattern.error());
    test.pattern_ = std::move(*pattern);
    if (filter.property == Property::reason) {
      if (auto known = checkReason(analysis, filter, test.pattern_); !known) {
        return tl::unexpected(known.error());
      }
    }
    return test;
  }

  bool operator()(Index index) { return holds(index) == filter_->with; }

 private:
  Test(const leak::Analysis& analysis, const Filter& filter)
      : analysis_(&analysis), filter_(&filter), text_(analysis, filter.property) {}

  bool holds(Index index) {
    const golang::Goroutine& goroutine = analysis_->snapshot().goroutines[index];
    switch (filter_->property) {
      case Property::user:
        return !goroutine.system;
      case Property::running:
        return leak::stateOf(goroutine) == leak::State::running;
      default:
        break;
    }
    const auto [it, isNew] = cache_.try_emplace(text_.id(index), false);
    if (isNew) it->second = matches(index, goroutine);
    return it->second;
  }

  bool matches(Index index, const golang::Goroutine& goroutine) const {
    if (filter_->property != Property::label) return pattern_(text_(index));
    const auto& sets = analysis_->snapshot().labelSets;
    if (goroutine.labels >= sets.size()) return false;
    const std::string* value = labelValue(sets[goroutine.labels], labelKey_);
    return value != nullptr && (labelAny_ || *value == labelValue_);
  }

  const leak::Analysis* analysis_;
  const Filter* filter_;
  PropertyText text_;
  Pattern pattern_;
  std::string labelKey_, labelValue_;
  bool labelAny_ = true;
  std::unordered_map<std::uint32_t, bool> cache_;
};

}  // namespace

Result<void> checkFilter(const Filter& filter) {
  if (!takesExpression(filter.property) || filter.property == Property::label) return {};
  const auto pattern = Pattern::make(filter.expression, ignoresCase(filter.property));
  if (!pattern) return tl::unexpected(pattern.error());
  if (filter.property == Property::verdict) {
    return checkValue(filter, *pattern, verdictNames(), verdictNames());
  }
  if (filter.property == Property::status) {
    return checkValue(filter, *pattern, statusNames(), statusNames());
  }
  return {};
}

Result<std::vector<Index>> chooseGoroutines(const leak::Analysis& analysis,
                                            const std::vector<Filter>& filters) {
  std::vector<Test> tests;
  tests.reserve(filters.size());
  for (const Filter& filter : filters) {
    auto test = Test::make(analysis, filter);
    if (!test) return tl::unexpected(test.error());
    tests.push_back(std::move(*test));
  }
  std::vector<Index> chosen;
  const auto count = static_cast<Index>(analysis.snapshot().goroutines.size());
  chosen.reserve(tests.empty() ? count : 0);
  for (Index i = 0; i < count; ++i) {
    bool passes = true;
    for (Test& test : tests) {
      passes = test(i);
      if (!passes) break;
    }
    if (passes) chosen.push_back(i);
  }
  return chosen;
}

}  // namespace parked::query
