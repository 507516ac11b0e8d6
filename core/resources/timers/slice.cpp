#include "resources/timers/slice.h"

#include "resources/kit.h"
#include "resources/resource.h"
#include "resources/timers/reader.h"

namespace parked::resources {

namespace {

class TimersReading final : public Reader {
 public:
  explicit TimersReading(const Scene& scene)
      : parts_(scene.parts), reader_(scene.snapshot, scene.heap, scene.proof, scene.observer) {}
  void want(Finder& first) override { reader_.want(first); }
  void read(const Finder& first, Finder&) override {
    reader_.judge(first);
    parts_.make<Timers>() = reader_.take();
  }

 private:
  Parts& parts_;
  TimersReader reader_;
};

}  // namespace

extern const Resource kTimers = {
    .reader = makeReader<TimersReading>,
    .rules = {.find = timerRules, .explains = true},
    .section =
        {
            .name = "timers",
            .summary = "timers by what they do",
            .text = "Timers with the same kind, callback and period together, most first; when the "
                    "next "
                    "one\nfires.",
            .worthInPart = true,
            .showsSource = true,
            .render = renderTimers,
            .members = addTimers,
            .inReport = true,
            .brief = putTimersBrief,
            .metrics = putTimerMetrics,
        },
};

}  // namespace parked::resources
