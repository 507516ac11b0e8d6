// What slices use of the rooms before this one, by its own name: the kit of core/report, and what
// findings are made of. A slice is a piece of the report that happens to live with its reader.
#pragma once

#include "report/section.h"
#include "rules/findings.h"

namespace parked::resources {

using namespace report;
using namespace rules;

}  // namespace parked::resources
