#include "leak/raised.h"

#include <algorithm>

namespace parked::leak {

Place userPlaceFrom(const Analysis& analysis, const golang::Goroutine& goroutine,
                    std::uint32_t frame) {
  constexpr std::size_t kFrames = 10000;  // a recursion is not gone through to its end
  const auto all = analysis.snapshot().frames(goroutine);
  if (frame >= all.size()) return {};
  Place nearest;
  std::vector<image::SourceFrame> source;
  for (const golang::FramePc& pc : all.subspan(frame, std::min(kFrames, all.size() - frame))) {
    source.clear();
    analysis.code().expand(pc.pc, pc.exact != 0, source);
    for (const image::SourceFrame& call : source) {
      if (call.wrapper) continue;
      const Place place{call.function, call.file, call.line};
      if (isUserFunction(analysis.code(), call.function, call.file)) return place;
      if (nearest.function.empty() && !isRuntimeFunction(call.function)) nearest = place;
    }
  }
  return nearest;
}

}  // namespace parked::leak
