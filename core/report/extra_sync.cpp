// golang.org/x/sync, as a part of `parked locks`.
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "leak/numbers.h"
#include "report/json_resources.h"
#include "report/page.h"
#include "report/phrases.h"

namespace parked::report {

using Json = nlohmann::ordered_json;

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

Json idsJson(const golang::Snapshot& snapshot, const std::vector<Index>& goroutines) {
  Json json = Json::array();
  for (const Index i : goroutines) json.push_back(snapshot.goroutines[i].id);
  return json;
}

Json addressOrNull(Addr address) {
  return address == 0 ? Json(nullptr) : Json(fmt::format("{:#x}", address));
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
  Json json{{"semaphores", Json::array()}, {"error_groups", Json::array()}};
  for (const auto& semaphore : report.resources->extraSync.semaphores) {
    const bool known = semaphore.address != 0;
    json["semaphores"].push_back({{"address", addressOrNull(semaphore.address)},
                                  {"size", known ? Json(semaphore.size) : Json(nullptr)},
                                  {"taken", known ? Json(semaphore.taken) : Json(nullptr)},
                                  {"waiting", idsJson(snapshot, semaphore.waiters)}});
  }
  for (const auto& group : report.resources->extraSync.groups) {
    json["error_groups"].push_back({{"wait_group", addressOrNull(group.waitGroup)},
                                    {"limit_channel", addressOrNull(group.limit)},
                                    {"waiting", idsJson(snapshot, group.waiters)},
                                    {"starting", idsJson(snapshot, group.starters)}});
  }
  out += json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace parked::report
