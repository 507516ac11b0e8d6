// `parked diff --format html`.

#include "report/diff.h"
#include "report/html_page.h"
#include "report/json_bound.h"

namespace parked::report {

void renderDiffHtml(const DiffView& view, const Sink& sink) {
  writePage(sink, [&view](const Sink& data) {
    JsonBound bound(data, {});
    bound(R"({"page":"diff","diff":)");
    renderDiffJson(view, [&bound](std::string_view text) { return bound(text); });
    bound("}");
  });
}

}  // namespace parked::report
