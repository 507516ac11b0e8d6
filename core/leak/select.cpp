#include "leak/select.h"

#include <array>
#include <fmt/format.h>
#include <memory>
#include <regex.h>
#include <unordered_map>

#include "leak/describe.h"

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

std::string propertyNames() {
  std::string names;
  for (const Name& name : kNames) {
    if (!names.empty()) names += ", ";
    names += name.text;
  }
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

/// A substring, or a POSIX extended regular expression.
class Matcher {
 public:
  static Result<Matcher> make(const std::string& expression) {
    Matcher matcher;
    if (expression.size() < 2 || expression.front() != '/' || expression.back() != '/') {
      matcher.substring_ = expression;
      return matcher;
    }
    const std::string pattern = expression.substr(1, expression.size() - 2);
    auto regex = std::make_unique<regex_t>();
    if (const int code = regcomp(regex.get(), pattern.c_str(), REG_EXTENDED | REG_NOSUB);
        code != 0) {
      std::array<char, 128> text{};
      regerror(code, regex.get(), text.data(), text.size());
      return fail(ErrorCode::usage,
                  fmt::format("bad regular expression {}: {}", expression, text.data()));
    }
    matcher.regex_ = std::shared_ptr<regex_t>(regex.release(), [](regex_t* compiled) {
      regfree(compiled);
      delete compiled;
    });
    return matcher;
  }

  bool operator()(const std::string& text) const {
    if (regex_ != nullptr) return regexec(regex_.get(), text.c_str(), 0, nullptr, 0) == 0;
    return text.find(substring_) != std::string::npos;
  }

 private:
  std::string substring_;
  std::shared_ptr<regex_t> regex_;
};

/// A filter ready to be asked; every distinct value is matched once.
class Test {
 public:
  static Result<Test> make(const Analysis& analysis, const Filter& filter) {
    Test test(analysis, filter);
    if (filter.property == Property::verdict) {
      if (!parseVerdict(filter.expression, test.verdict_)) {
        return fail(ErrorCode::usage,
                    fmt::format("no verdict is called '{}' (proved, suspect, unknown, waiting, "
                                "running)",
                                filter.expression));
      }
      return test;
    }
    if (filter.property == Property::label) {
      const auto equals = filter.expression.find('=');
      test.labelKey_ = filter.expression.substr(0, equals);
      test.labelAny_ = equals == std::string::npos;
      if (!test.labelAny_) test.labelValue_ = filter.expression.substr(equals + 1);
      return test;
    }
    auto matcher = Matcher::make(filter.expression);
    if (!matcher) return tl::unexpected(matcher.error());
    test.matcher_ = std::move(*matcher);
    return test;
  }

  bool operator()(Index index) { return holds(index) == filter_->with; }

 private:
  Test(const Analysis& analysis, const Filter& filter)
      : analysis_(&analysis), filter_(&filter), text_(analysis, filter.property) {}

  bool holds(Index index) {
    const golang::Goroutine& goroutine = analysis_->snapshot().goroutines[index];
    switch (filter_->property) {
      case Property::verdict:
        return analysis_->info(index).verdict == verdict_;
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
    if (filter_->property != Property::label) return matcher_(text_(index));
    const auto& sets = analysis_->snapshot().labelSets;
    if (goroutine.labels >= sets.size()) return false;
    const std::string* value = labelValue(sets[goroutine.labels], labelKey_);
    return value != nullptr && (labelAny_ || *value == labelValue_);
  }

  const Analysis* analysis_;
  const Filter* filter_;
  PropertyText text_;
  Matcher matcher_;
  Verdict verdict_ = Verdict::running;
  std::string labelKey_, labelValue_;
  bool labelAny_ = true;
  std::unordered_map<std::uint32_t, bool> cache_;
};

}  // namespace

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
                fmt::format("cannot group by '{}' (stack, label:KEY, or one of {})", text,
                            propertyNames()));
  }
  return by;
}

}  // namespace parked::leak
