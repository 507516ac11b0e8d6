#include "rules/findings.h"

namespace parked::rules {

void timerRules(const Context& /*context*/, std::vector<Finding>& /*findings*/) {}

}  // namespace parked::rules
