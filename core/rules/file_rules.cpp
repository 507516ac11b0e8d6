#include "rules/findings.h"

namespace parked::rules {

void fileRules(const Context& /*context*/, std::vector<Finding>& /*findings*/) {}

}  // namespace parked::rules
