// The table of sections. Each is defined in a file of its own.

#include <array>

#include "report/section.h"

namespace parked::report {

extern const Section kChannels, kTimers, kLocks, kHttp, kSql, kFiles, kContexts, kIslands, kInfo,
    kCrash;

namespace {

constexpr std::array kSections = {
    &kChannels, &kTimers, &kLocks, &kHttp, &kSql, &kFiles, &kContexts, &kIslands, &kInfo, &kCrash,
};

}  // namespace

std::span<const Section* const> sections() { return kSections; }

const Section* sectionNamed(std::string_view name) {
  for (const Section* section : kSections) {
    if (section->name == name) return section;
  }
  return nullptr;
}

void addReport(Document& document, std::uint64_t limit) {
  document.addGoroutines(limit);
  document.addGroups();
  for (const Section* section : kSections) {
    if (section->inReport) section->members(document, 0);
  }
}

}  // namespace parked::report
