// What goroutines are chosen and grouped by, in Delve's words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "leak/analysis.h"

namespace parked::query {

using golang::Index;

/// What a filter or a group looks at.
enum class Property : std::uint8_t {
  userLoc,   ///< "file:line function" of the user's own frame
  curLoc,    ///< … of the innermost frame
  goLoc,     ///< … of the go statement
  startLoc,  ///< … of the start function
  label,     ///< a pprof label: KEY or KEY=VALUE
  reason,    ///< wait reason as Go prints it
  verdict,
  status,   ///< running, runnable, syscall, waiting …
  user,     ///< not a system goroutine; takes no expression
  running,  ///< on a thread; takes no expression
};

/// True for properties that take an expression.
bool takesExpression(Property property);
std::string_view propertyName(Property property);
/// The names of all.
std::vector<std::string_view> propertyNames();
/// False if the name is none of Delve's words.
bool parseProperty(std::string_view name, Property& out);
/// "userloc, curloc, ...", and " Did you mean 'status'?" if the word is close to one.
std::string propertiesExpected(std::string_view word);
/// The value of a property as text, for each goroutine. `labelKey` is for Property::label.
class PropertyText {
 public:
  PropertyText(const leak::Analysis& analysis, Property property, std::string labelKey = {});
  /// A small number: goroutines with the same have the same text.
  std::uint32_t id(Index goroutine) const;
  std::string operator()(Index goroutine) const;

 private:
  const leak::Analysis& analysis_;
  Property property_;
  std::string labelKey_;
};

/// Of a set of labels; null if it has no such key.
const std::string* labelValue(const golang::Labels& labels, std::string_view key);

}  // namespace parked::query
