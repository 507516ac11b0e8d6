#include "resources/contexts/slice.h"

#include <optional>

#include "resources/contexts/reader.h"
#include "resources/kit.h"
#include "resources/resource.h"

namespace parked::resources {

namespace {

class ContextsReading final : public Reader {
 public:
  explicit ContextsReading(const Scene& scene) : scene_(scene) {}
  void want(Finder& first) override { ContextReader::want(first); }
  void read(const Finder& first, Finder& second) override {
    // Timers were read by now: a context is known by its own, too.
    reader_.emplace(scene_.snapshot, scene_.heap, scene_.proved, scene_.parts.of<Timers>(),
                    scene_.parts.make<Contexts>(), scene_.incomplete, scene_.observer);
    reader_->read(first, second);
  }
  void judge(const Finder&, const Finder& second) override { reader_->judgeHolders(second); }

 private:
  Scene scene_;
  std::optional<ContextReader> reader_;
};

}  // namespace

extern const Resource kContexts = {
    .reader = makeReader<ContextsReading>,
    .rules = {.find = contextRules, .doneChannels = doneChannels},
    .section =
        {
            .name = "contexts",
            .summary = "trees of contexts",
            .text =
                "The contexts that can be cancelled, by parent and child, with who waits on them.",
            .render = renderContexts,
            .members =
                [](Document& document, std::uint64_t limit) {
                  const Report& report = document.report();
                  if (report.resources == nullptr) return;
                  document.array(
                      "contexts", "context",
                      atMost(report.resources->of<Contexts>().nodes.size(), limit),
                      [&report](JsonWriter& json, std::size_t i) { putContext(json, report, i); });
                },
        },
};

}  // namespace parked::resources
