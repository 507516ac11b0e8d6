#include "report/library_wait.h"

namespace parked::report {

std::string libraryWait(const Report& report, Index goroutine) {
  if (report.resources == nullptr) return {};
  const LibraryWaits& waits = report.resources->of<LibraryWaits>();
  const auto at = waits.of.find(goroutine);
  return at == waits.of.end() ? std::string() : waits.texts[at->second];
}

}  // namespace parked::report
