// The table of sections that are no resources. Each is defined in a file of its own.

#include <array>

#include "report/section.h"

namespace parked::report {

extern const Section kChannels, kIslands, kInfo, kCrash;

std::span<const Section* const> ownSections() {
  static constexpr std::array kSections = {&kChannels, &kIslands, &kInfo, &kCrash};
  return kSections;
}

void addReport(Document& document, std::uint64_t limit) {
  document.addGoroutines(limit);
  document.addGroups();
  for (const Section* section : document.report().sections) {
    if (section->inReport) section->members(document, 0);
  }
}

}  // namespace parked::report
