#include "query/property.h"

#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utility>
#include <vector>

#include "base/closest.h"
#include "leak/describe.h"

namespace parked::query {

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

/// "file:line function", as Delve matches locations.
std::string locationText(const leak::Place& place) {
  if (place.function.empty()) return "(unknown)";
  return fmt::format("{}:{} {}", place.file, place.line, place.function);
}

}  // namespace

const std::string* labelValue(const golang::Labels& labels, std::string_view key) {
  for (const auto& [name, value] : labels.pairs) {
    if (name == key) return &value;
  }
  return nullptr;
}

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

std::vector<std::string_view> propertyNames() {
  std::vector<std::string_view> names;
  for (const Name& name : kNames) names.push_back(name.text);
  return names;
}

std::string propertiesExpected(std::string_view word) {
  const std::vector<std::string_view> names = propertyNames();
  return fmt::format("{}.{}", fmt::join(names, ", "), didYouMean(word, names));
}

PropertyText::PropertyText(const leak::Analysis& analysis, Property property, std::string labelKey)
    : analysis_(analysis), property_(property), labelKey_(std::move(labelKey)) {}

std::uint32_t PropertyText::id(Index index) const {
  const golang::Goroutine& goroutine = analysis_.snapshot().goroutines[index];
  const leak::GoroutineInfo& info = analysis_.info(index);
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
      if (leak::stateOf(goroutine) == leak::State::blocked) return goroutine.reason;
      return 0x10000U | static_cast<std::uint32_t>(goroutine.status);
    case Property::verdict:
      return static_cast<std::uint32_t>(info.verdict);
    case Property::status:
      return static_cast<std::uint32_t>(goroutine.status);
    case Property::user:
      return goroutine.system ? 0 : 1;
    case Property::running:
      return leak::stateOf(goroutine) == leak::State::running ? 1 : 0;
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
      if (leak::stateOf(goroutine) == leak::State::blocked &&
          goroutine.reason < snapshot.reasons.size()) {
        return std::string(snapshot.strings[snapshot.reasons[goroutine.reason].text]);
      }
      return std::string(golang::statusName(goroutine.status));
    case Property::verdict:
      return std::string(leak::verdictName(analysis_.info(index).verdict));
    case Property::status:
      return std::string(golang::statusName(goroutine.status));
    case Property::user:
      return goroutine.system ? "system" : "user";
    case Property::running:
      return leak::stateOf(goroutine) == leak::State::running ? "running" : "not running";
  }
  return {};
}

}  // namespace parked::query
