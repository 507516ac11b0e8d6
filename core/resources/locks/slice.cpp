#include "resources/locks/slice.h"

#include "report/library_wait.h"
#include "resources/kit.h"
#include "resources/resource.h"

namespace parked::resources {

namespace {

class LocksReading final : public Reader {
 public:
  explicit LocksReading(const Scene& scene) : scene_(scene) {}
  void judge(const Finder&, const Finder&) override {
    const ExtraSync& found = scene_.parts.make<ExtraSync>() =
        readExtraSync(scene_.snapshot, scene_.stacks);
    auto& waits = scene_.parts.make<report::LibraryWaits>();
    for (const WeightedSemaphore& semaphore : found.semaphores) {
      for (const Index waiter : semaphore.waiters) {
        waits.of.emplace(waiter, static_cast<std::uint32_t>(waits.texts.size()));
      }
      waits.texts.push_back(semaphoreText(semaphore));
    }
  }

 private:
  Scene scene_;
};

}  // namespace

extern const Resource kLocks = {
    .reader = makeReader<LocksReading>,
    .rules = {.ofGroup = extraSyncRule},
    .section =
        {
            .name = "locks",
            .summary = "mutexes, WaitGroups and Conds goroutines wait on",
            .text = "Circles of goroutines that wait for one another's locks; then every lock, "
                    "WaitGroup, "
                    "Cond\n"
                    "and semaphore somebody waits on, most waiters first, with who may hold it: "
                    "whose stack\n"
                    "has locked, has not unlocked, and has the lock at hand.",
            .showsSource = true,
            .render = renderLocks,
            .members = addLocks,
        },
};

}  // namespace parked::resources
