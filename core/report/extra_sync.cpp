// golang.org/x/sync, as a part of `parked locks`.
#include <fmt/ranges.h>

#include "leak/numbers.h"
#include "report/json_resources.h"
#include "report/json_text.h"
#include "report/page.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

constexpr std::size_t kShown = 3;

std::string idsText(const golang::Snapshot& snapshot, const std::vector<Index>& goroutines) {
  std::vector<std::uint64_t> ids;
  for (std::size_t i = 0; i < goroutines.size() && i < kShown; ++i) {
    ids.push_back(snapshot.goroutines[goroutines[i]].id);
  }
  return fmt::format("goroutine{} {}{}", goroutines.size() == 1 ? "" : "s", fmt::join(ids, ", "),
                     goroutines.size() > kShown ? ", ..." : "");
}

void putIds(std::string& out, const golang::Snapshot& snapshot,
            const std::vector<Index>& goroutines) {
  for (std::size_t i = 0; i < goroutines.size(); ++i) {
    put(out, FMT_COMPILE("{}{}"), i == 0 ? "" : ",", snapshot.goroutines[goroutines[i]].id);
  }
}

}  // namespace

void putExtraSyncText(Page& page, const Report& report) {
  if (report.resources == nullptr) return;
  const golang::Snapshot& snapshot = *report.snapshot;
  for (const auto& semaphore : report.resources->extraSync.semaphores) {
    const std::string state = semaphore.address == 0
                                  ? std::string(" (not found)")
                                  : fmt::format(" {:#x} {} of {} taken,", semaphore.address,
                                                leak::withSeparators(semaphore.taken),
                                                leak::withSeparators(semaphore.size));
    page.field(0, 0, {},
               fmt::format("semaphore.Weighted{} {} waiting", state,
                           leak::withSeparators(semaphore.waiters.size())));
    page.field(4, 9, "waiting", idsText(snapshot, semaphore.waiters), Ink::faint);
  }
  for (const auto& group : report.resources->extraSync.groups) {
    if (!group.waiters.empty()) {
      page.field(0, 0, {}, fmt::format("errgroup.Group of WaitGroup {:#x}", group.waitGroup));
      page.field(4, 9, "waiting", idsText(snapshot, group.waiters), Ink::faint);
    }
    if (!group.starters.empty()) {
      page.field(0, 0, {},
                 fmt::format("errgroup.Group, as many running as SetLimit allows (channel {:#x})",
                             group.limit));
      page.field(4, 9, "in Go", idsText(snapshot, group.starters), Ink::faint);
    }
  }
}

void putExtraSync(std::string& out, const Report& report) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const stdlib::ExtraSync& found = report.resources->extraSync;
  out += R"({"semaphores":[)";
  for (std::size_t i = 0; i < found.semaphores.size(); ++i) {
    const stdlib::WeightedSemaphore& semaphore = found.semaphores[i];
    const bool known = semaphore.address != 0;
    out += i == 0 ? R"({"address":)" : R"(,{"address":)";
    putAddress(out, semaphore.address);
    out += R"(,"size":)";
    putNumberOrNull(out, known ? std::optional(semaphore.size) : std::nullopt);
    out += R"(,"taken":)";
    putNumberOrNull(out, known ? std::optional(semaphore.taken) : std::nullopt);
    out += R"(,"waiting":[)";
    putIds(out, snapshot, semaphore.waiters);
    out += "]}";
  }
  out += R"(],"error_groups":[)";
  for (std::size_t i = 0; i < found.groups.size(); ++i) {
    const stdlib::ErrorGroup& group = found.groups[i];
    out += i == 0 ? R"({"wait_group":)" : R"(,{"wait_group":)";
    putAddress(out, group.waitGroup);
    out += R"(,"limit_channel":)";
    putAddress(out, group.limit);
    out += R"(,"waiting":[)";
    putIds(out, snapshot, group.waiters);
    out += R"(],"starting":[)";
    putIds(out, snapshot, group.starters);
    out += "]}";
  }
  out += "]}";
}

}  // namespace parked::report
