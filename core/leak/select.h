// Choosing goroutines (--with, --without) and grouping them by something else than the default
// (--group), in Delve's words.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "leak/analysis.h"

namespace parked::leak {

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

/// One --with or --without.
struct Filter {
  bool with = true;
  Property property = Property::userLoc;
  std::string expression;  ///< as leak::Pattern takes it; of a label KEY or KEY=VALUE
};

/// True for properties that take an expression.
bool takesExpression(Property property);
std::string_view propertyName(Property property);
/// False if the name is none of Delve's words.
bool parseProperty(std::string_view name, Property& out);
/// "userloc, curloc, ...", and " Did you mean 'status'?" if the word is close to one.
std::string propertiesExpected(std::string_view word);
/// What can be said of a filter before there is a target: a regular expression that is none, a
/// status or a verdict that does not exist (ErrorCode::usage).
Result<void> checkFilter(const Filter& filter);

/// Goroutines that pass every filter, ascending. A wait reason that no release of Go has, nor this
/// target, is an error as in checkFilter().
Result<std::vector<Index>> chooseGoroutines(const Analysis& analysis,
                                            const std::vector<Filter>& filters);

/// The value of a property as text, for each goroutine. `labelKey` is for Property::label.
class PropertyText {
 public:
  PropertyText(const Analysis& analysis, Property property, std::string labelKey = {});
  /// A small number: goroutines with the same have the same text.
  std::uint32_t id(Index goroutine) const;
  std::string operator()(Index goroutine) const;

 private:
  const Analysis& analysis_;
  Property property_;
  std::string labelKey_;
};

/// How groups are made.
struct GroupBy {
  bool byStack = true;  ///< the default: same stack, same kind of object
  Property property = Property::userLoc;
  std::string labelKey;
};
/// Parses "userloc", "label:KEY", "stack" (the default). One clear line on error.
Result<GroupBy> parseGroupBy(std::string_view text);

/// Groups some goroutines, largest first.
Grouping group(const Analysis& analysis, const std::vector<Index>& goroutines,
               const GroupBy& by = {});

}  // namespace parked::leak
