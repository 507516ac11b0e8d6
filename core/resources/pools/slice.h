// Pools that starve by themselves: findings alone.
#pragma once

#include "report/section.h"
#include "resources/pools/model.h"
#include "rules/findings.h"

namespace parked::resources {

/// Of database/sql, too: those are not for sqlRules().
void poolRules(const rules::Context& context, std::vector<rules::Finding>& findings);
/// Pools of libraries that have no place left, though somebody may give one back.
void fullPoolRules(const rules::Context& context, std::vector<rules::Finding>& findings);

}  // namespace parked::resources
