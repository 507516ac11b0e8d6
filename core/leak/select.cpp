#include "leak/select.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unordered_map>

#include "base/closest.h"
#include "golang/reasons.h"
#include "leak/describe.h"
#include "leak/pattern.h"

namespace parked::leak {

namespace {

struct Name {
  std::string_view text;
  Property property;
  bool takesExpression;
};

constexpr std::array kNames = {
    Name{"userloc", Property::userLoc, true}, Name{"curloc", Property::curLoc, true},
    Name{"goloc", Property::goLoc, true},     Name{"startloc", Property::startLoc, true},
    Name{"label", Property::label, true},     Name{"reason", Property::reason, true},
    Name{"verdict", Property::verdict, true}, Name{"status", Property::status, true},
    Name{"user", Property::user, false},      Name{"running", Property::running, false},
};

std::vector<std::string_view> propertyNames() {
  std::vector<std::string_view> names;
  for (const Name& name : kNames) names.push_back(name.text);
  return names;
}

/// "file:line function", as Delve matches locations.
std::string locationText(const Place& place) {
  if (place.function.empty()) return "(unknown)";
  return fmt::format("{}:{} {}", place.file, place.line, place.function);
}

const std::string* labelValue(const golang::Labels& labels, std::string_view key) {
  for (const auto& [name, value] : labels.pairs) {
    if (name == key) return &value;
  }
  return nullptr;
}

/// What g.atomicstatus may be of a goroutine in the list.
std::vector<std::string_view> statusNames() {
  using golang::Status;
  std::vector<std::string_view> names;
  for (const Status status : {Status::running, Status::runnable, Status::syscall, Status::waiting,
                              Status::preempted, Status::copystack, Status::leaked}) {
    names.push_back(statusName(status));
  }
  return names;
}

std::vector<std::string_view> verdictNames() {
  std::vector<std::string_view> names;
  for (const Verdict verdict : {Verdict::proved, Verdict::orphan, Verdict::suspect,
                                Verdict::unknown, Verdict::waiting, Verdict::running}) {
    names.push_back(verdictName(verdict));
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
Result<void> checkReason(const Analysis& analysis, const Filter& filter, const Pattern& pattern) {
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
  static Result<Test> make(const Analysis& analysis, const Filter& filter) {
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
  Test(const Analysis& analysis, const Filter& filter)
      : analysis_(&analysis), filter_(&filter), text_(analysis, filter.property) {}

  bool holds(Index index) {
    const golang::Goroutine& goroutine = analysis_->snapshot().goroutines[index];
    switch (filter_->property) {
      case Property::user:
        return !goroutine.system;
      case Property::running:
        return stateOf(goroutine) == State::running;
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

  const Analysis* analysis_;
  const Filter* filter_;
  PropertyText text_;
  Pattern pattern_;
  std::string labelKey_, labelValue_;
  bool labelAny_ = true;
  std::unordered_map<std::uint32_t, bool> cache_;
};

}  // namespace

std::string_view propertyName(Property property) {
  for (const Name& name : kNames) {
    if (name.property == property) return name.text;
  }
  return "";
}

bool takesExpression(Property property) {
  for (const Name& name : kNames) {
    if (name.property == property) return name.takesExpression;
  }
  return false;
}

bool parseProperty(std::string_view text, Property& out) {
  for (const Name& name : kNames) {
    if (name.text == text) {
      out = name.property;
      return true;
    }
  }
  return false;
}

std::string propertiesExpected(std::string_view word) {
  const std::vector<std::string_view> names = propertyNames();
  return fmt::format("{}.{}", fmt::join(names, ", "), didYouMean(word, names));
}

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

PropertyText::PropertyText(const Analysis& analysis, Property property, std::string labelKey)
    : analysis_(analysis), property_(property), labelKey_(std::move(labelKey)) {}

std::uint32_t PropertyText::id(Index index) const {
  const golang::Goroutine& goroutine = analysis_.snapshot().goroutines[index];
  const GoroutineInfo& info = analysis_.info(index);
  switch (property_) {
    case Property::userLoc:
      return analysis_.stack(goroutine.stack).user;
    case Property::curLoc:
      return analysis_.stack(goroutine.stack).current;
    case Property::goLoc:
      return info.creator;
    case Property::startLoc:
      return info.start;
    case Property::label:
      return goroutine.labels;
    case Property::reason:
      // Stale unless blocked: there the status stands for it.
      if (stateOf(goroutine) == State::blocked) return goroutine.reason;
      return 0x10000U | static_cast<std::uint32_t>(goroutine.status);
    case Property::verdict:
      return static_cast<std::uint32_t>(info.verdict);
    case Property::status:
      return static_cast<std::uint32_t>(goroutine.status);
    case Property::user:
      return goroutine.system ? 0 : 1;
    case Property::running:
      return stateOf(goroutine) == State::running ? 1 : 0;
  }
  return 0;
}

std::string PropertyText::operator()(Index index) const {
  const golang::Snapshot& snapshot = analysis_.snapshot();
  const golang::Goroutine& goroutine = snapshot.goroutines[index];
  switch (property_) {
    case Property::userLoc:
    case Property::curLoc:
    case Property::goLoc:
    case Property::startLoc:
      return locationText(analysis_.place(id(index)));
    case Property::label: {
      if (goroutine.labels >= snapshot.labelSets.size()) return "(no label)";
      const std::string* value = labelValue(snapshot.labelSets[goroutine.labels], labelKey_);
      return value == nullptr ? "(no label)" : fmt::format("{}={}", labelKey_, *value);
    }
    case Property::reason:
      if (stateOf(goroutine) == State::blocked && goroutine.reason < snapshot.reasons.size()) {
        return std::string(snapshot.strings[snapshot.reasons[goroutine.reason].text]);
      }
      return std::string(statusName(goroutine.status));
    case Property::verdict:
      return std::string(verdictName(analysis_.info(index).verdict));
    case Property::status:
      return std::string(statusName(goroutine.status));
    case Property::user:
      return goroutine.system ? "system" : "user";
    case Property::running:
      return stateOf(goroutine) == State::running ? "running" : "not running";
  }
  return {};
}

Result<std::vector<Index>> chooseGoroutines(const Analysis& analysis,
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

Result<GroupBy> parseGroupBy(std::string_view text) {
  GroupBy by;
  if (text == "stack") return by;
  by.byStack = false;
  if (text.starts_with("label:") && text.size() > 6) {
    by.property = Property::label;
    by.labelKey = text.substr(6);
    return by;
  }
  if (!parseProperty(text, by.property) || by.property == Property::label) {
    return fail(ErrorCode::usage,
                fmt::format("cannot group by '{}': expected stack, label:KEY, or one of {}", text,
                            propertiesExpected(text)));
  }
  return by;
}

}  // namespace parked::leak
