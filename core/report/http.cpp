#include "report/lists.h"
#include "report/page.h"

namespace parked::report {

void renderHttp(const Report& /*report*/, std::uint64_t /*limit*/, const TextStyle& style,
                const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  page.line(0, {{"nothing is read of them yet"}});
}

}  // namespace parked::report
