// Locks: those of package sync, which the snapshot has, and golang.org/x/sync.
#pragma once

#include "report/section.h"
#include "resources/locks/xsync.h"
#include "rules/findings.h"

namespace parked::resources {

void renderLocks(const report::Report& report, std::uint64_t limit, const report::TextStyle& style,
                 const report::Sink& sink);
/// "semaphore.Weighted 0xc000010000, 4 of 4 taken, 10 waiting".
std::string semaphoreText(const WeightedSemaphore& semaphore);
void addLocks(report::Document& document, std::uint64_t limit);
/// What waits inside of golang.org/x/sync waits on a channel or a WaitGroup that is not the user's.
bool extraSyncRule(const rules::Context& context, const leak::Group& group,
                   const golang::Wait& wait, const rules::Evidence& evidence,
                   rules::Finding& finding);

}  // namespace parked::resources
