#include "resources/http/slice.h"

#include "resources/http/reader.h"
#include "resources/kit.h"
#include "resources/resource.h"

namespace parked::resources {

extern const Resource kHttp = {
    .reader = makeReader<ModelReader<Http, HttpReader>>,
    .rules = {.find = httpRules, .explains = true},
    .section =
        {
            .name = "http",
            .summary = "HTTP transports, connections and servers",
            .text = "Every Transport with its connections by host: idle, in use, being dialled; "
                    "who waits for\n"
                    "one; and every Server with its connections by state.",
            .showsSource = true,
            .render = renderHttp,
            .members =
                [](Document& document, std::uint64_t) {
                  const Report& report = document.report();
                  if (report.resources == nullptr) return;
                  document.value("http", [&report](JsonWriter& json) { putHttp(json, report); });
                },
            .metrics = putHttpMetrics,
        },
};

}  // namespace parked::resources
