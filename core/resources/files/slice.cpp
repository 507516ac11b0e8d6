#include "resources/files/slice.h"

#include "resources/kit.h"
#include "resources/resource.h"

namespace parked::resources {

namespace {

class FilesReading final : public Reader {
 public:
  explicit FilesReading(const Scene& scene) : scene_(scene) {}
  void judge(const Finder&, const Finder&) override {
    scene_.parts.make<Files>() = readFiles(scene_.snapshot, scene_.heap, scene_.specials,
                                           scene_.proof, scene_.incomplete, scene_.observer);
  }

 private:
  Scene scene_;
};

}  // namespace

extern const Resource kFiles = {
    .reader = makeReader<FilesReading>,
    .rules = {.find = fileRules},
    .section =
        {
            .name = "files",
            .summary = "file descriptors and the objects behind them",
            .text = "Every descriptor the program has, with its os.File or net.Conn, path or "
                    "addresses, who\n"
                    "reads or writes it, and deadlines.",
            .render = renderFiles,
            .members =
                [](Document& document, std::uint64_t limit) {
                  const Report& report = document.report();
                  if (report.resources == nullptr) return;
                  document.array(
                      "files", "file", atMost(report.resources->of<Files>().all.size(), limit),
                      [&report](JsonWriter& json, std::size_t i) { putFile(json, report, i); });
                },
        },
};

}  // namespace parked::resources
