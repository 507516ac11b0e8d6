// The rules for goroutines that wait inside of golang.org/x/sync.
#include <algorithm>
#include <fmt/format.h>

#include "resources/kit.h"
#include "resources/locks/slice.h"
#include "rules/group_evidence.h"
#include "rules/wait_objects.h"

namespace parked::resources {

/// What waits inside of golang.org/x/sync waits on a channel or a WaitGroup that is not the user's.
bool extraSyncRule(const Context& context, const leak::Group& group, const golang::Wait& wait,
                   const Evidence& evidence, Finding& finding) {
  const ExtraSync& found = context.resources->of<ExtraSync>();
  if (const WeightedSemaphore* semaphore = found.semaphoreOf(group.example)) {
    return set(finding, RuleId::semaphoreNeverReleased,
               fmt::format(
                   "{} {} for a semaphore{}", goroutines(evidence), verb(evidence, "waits", "wait"),
                   semaphore->address == 0 ? std::string()
                                           : fmt::format(" of which {} of {} are taken",
                                                         semaphore->taken, semaphore->size)));
  }
  if (found.groupOf(group.example) == nullptr) return false;
  if (wait.kind == golang::ObjectKind::channel && evidence.channel != nullptr) {
    return set(finding, RuleId::errorGroupFull,
               fmt::format("{} {} to start another function of an errgroup, of which {} run, as "
                           "many as SetLimit allows",
                           goroutines(evidence), verb(evidence, "waits", "wait"),
                           withSeparators(evidence.channel->length)));
  }
  const golang::Lock* lock = lockOf(evidence.snapshot, wait);
  return set(
      finding, RuleId::errorGroupNeverEnds,
      fmt::format("{} {} for an errgroup{}", goroutines(evidence), verb(evidence, "waits", "wait"),
                  lock == nullptr || !lock->decoded
                      ? std::string()
                      : fmt::format(" of which {} still {}",
                                    counted(static_cast<std::uint64_t>(
                                                std::max<std::int64_t>(lock->counter, 0)),
                                            "function"),
                                    lock->counter == 1 ? "runs" : "run")));
}

}  // namespace parked::resources
