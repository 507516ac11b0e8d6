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

template <std::size_t N>
void putIds(JsonWriter& json, const char (&name)[N], const golang::Snapshot& snapshot,
            const std::vector<Index>& goroutines) {
  json.array(name, goroutines,
             [&](Index goroutine) { json.value(snapshot.goroutines[goroutine].id); });
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

void putExtraSync(JsonWriter& json, const Report& report) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const stdlib::ExtraSync& found = report.resources->extraSync;
  json.object([&] {
    json.array("semaphores", found.semaphores, [&](const stdlib::WeightedSemaphore& semaphore) {
      const bool known = semaphore.address != 0;
      json.object([&] {
        json.address("address", semaphore.address);
        json.member("size", known ? std::optional(semaphore.size) : std::nullopt);
        json.member("taken", known ? std::optional(semaphore.taken) : std::nullopt);
        putIds(json, "waiting", snapshot, semaphore.waiters);
      });
    });
    json.array("error_groups", found.groups, [&](const stdlib::ErrorGroup& group) {
      json.object([&] {
        json.address("wait_group", group.waitGroup);
        json.address("limit_channel", group.limit);
        putIds(json, "waiting", snapshot, group.waiters);
        putIds(json, "starting", snapshot, group.starters);
      });
    });
  });
}

}  // namespace parked::report
