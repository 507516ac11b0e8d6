// The sections of docs/rules.md, which the library has in itself: `parked explain PK060`.
#pragma once

#include <string>
#include <string_view>

#include "rules/rule.h"

namespace parked::report {

/// Null if no rule has that name, in whatever case.
const rules::Rule* ruleNamed(std::string_view name);
/// What the documentation says of the rule, in Markdown as it stands there, with both programs.
std::string_view sectionOf(const rules::Rule& rule);
/// The rule's section with its title and what to change in front; for "" all rules, a line each.
std::string explain(std::string_view name);

}  // namespace parked::report
