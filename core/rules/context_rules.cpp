#include "rules/findings.h"

namespace parked::rules {

void contextRules(const Context& /*context*/, std::vector<Finding>& /*findings*/) {}

}  // namespace parked::rules
