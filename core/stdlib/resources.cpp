#include "stdlib/resources.h"

namespace parked::stdlib {

std::unique_ptr<Resources> readResources(const golang::Snapshot& /*snapshot*/,
                                         const proof::Proof* /*proof*/, Observer* observer,
                                         Timings* timings) {
  const Timings::Scope scope(timings, "resources");
  if (observer != nullptr) observer->progress("resources", 0, 0);
  return std::make_unique<Resources>();
}

}  // namespace parked::stdlib
