#include "rules/findings.h"

namespace parked::rules {

void sqlRules(const Context& /*context*/, std::vector<Finding>& /*findings*/) {}

}  // namespace parked::rules
