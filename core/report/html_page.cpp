#include "report/html_page.h"

#include <string>
#include <string_view>

#include "base/embedded_file.h"

#ifdef PARKED_PAGE_DIR
// What web/build makes.
PARKED_EMBED(page_text, PARKED_PAGE_DIR "/page.html.gz")
#endif

namespace parked::report {

namespace {

std::string_view pageText() {
#ifdef PARKED_PAGE_DIR
  return PARKED_EMBEDDED(page_text);
#else
  return {};
#endif
}

/// Stands where the data goes.
constexpr std::string_view kDataMark = "@PARKED_DATA@";

/// The characters that mean something to an HTML parser stand in strings alone, where JSON has
/// another spelling for them. What is no ASCII JsonWriter has escaped.
void putHarmless(Writer& out, std::string_view json) {
  for (;;) {
    const std::size_t at = json.find_first_of("<>&");
    out(json.substr(0, at));
    if (at == std::string_view::npos) return;
    switch (json[at]) {
      case '<':
        out("\\u003c");
        break;
      case '>':
        out("\\u003e");
        break;
      default:
        out("\\u0026");
        break;
    }
    json.remove_prefix(at + 1);
  }
}

}  // namespace

std::string_view pageMissing() {
  return pageText().empty() ? "this build of parked has no HTML page: it was made without node and "
                              "npm (scripts/setup installs them)"
                            : "";
}

void writePage(const Sink& sink, const std::function<void(const Sink& json)>& data) {
  const std::string_view page = pageText();
  const std::size_t mark = page.find(kDataMark);
  if (mark == std::string_view::npos) return;
  Writer out(sink);
  out(page.substr(0, mark));
  data([&out](std::string_view json) {
    putHarmless(out, json);
    return !out.ended();
  });
  out(page.substr(mark + kDataMark.size()));
}

}  // namespace parked::report
