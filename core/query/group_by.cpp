#include "query/group_by.h"

#include <fmt/format.h>
#include <unordered_map>
#include <utility>

#include "leak/group.h"

namespace parked::query {

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

leak::Grouping group(const leak::Analysis& analysis, const std::vector<Index>& goroutines,
                     const GroupBy& by) {
  if (by.byStack) return leak::group(analysis, goroutines);
  std::vector<Index> groupOf(goroutines.size());
  std::vector<std::string> keys;
  // Few distinct values are expected; the text is made once for each place, reason or label set.
  PropertyText text(analysis, by.property, by.labelKey);
  std::unordered_map<std::uint32_t, Index> byId;
  std::unordered_map<std::string, Index> byText;
  for (std::size_t i = 0; i < goroutines.size(); ++i) {
    const auto [it, isNew] = byId.try_emplace(text.id(goroutines[i]), golang::kNone);
    if (isNew) {
      std::string value = text(goroutines[i]);
      const auto [at, isNewText] =
          byText.try_emplace(std::move(value), static_cast<Index>(keys.size()));
      if (isNewText) keys.push_back(at->first);
      it->second = at->second;
    }
    groupOf[i] = it->second;
  }
  return leak::gather(analysis, goroutines, groupOf, std::move(keys));
}

}  // namespace parked::query
