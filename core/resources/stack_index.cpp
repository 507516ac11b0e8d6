#include "resources/stack_index.h"

#include <algorithm>

#include "image/image.h"

namespace parked::resources {

namespace {}  // namespace

StackIndex::StackIndex(const golang::Snapshot& snapshot)
    : snapshot_(snapshot), unwinder_(*snapshot.image), goroutines_(snapshot.stacks.size()) {
  const image::FunctionTable& functions = snapshot.image->functions();
  for (Index stack = 0; stack < snapshot.stacks.size(); ++stack) {
    const golang::Stack& frames = snapshot.stacks[stack];
    for (std::uint32_t i = 0; i < frames.count; ++i) {
      const golang::FramePc& pc = snapshot.pcs[frames.first + i];
      const image::FuncIndex function = functions.find(pc.inside());
      if (function == image::kNoFunc) continue;
      auto& list = stacks_[function];
      if (list.empty() || list.back().first != stack) list.emplace_back(stack, i);
    }
  }
  for (Index i = 0; i < snapshot.goroutines.size(); ++i) {
    const Index stack = snapshot.goroutines[i].stack;
    if (stack != kNone) goroutines_[stack].push_back(i);
  }
}

std::vector<StackIndex::Hit> StackIndex::in(std::string_view function) const {
  std::vector<Hit> hits;
  const image::FuncIndex index = snapshot_.image->functions().byName(function);
  const auto at = stacks_.find(index);
  if (index == image::kNoFunc || at == stacks_.end()) return hits;
  for (const auto& [stack, frame] : at->second) {
    for (const Index goroutine : goroutines_[stack]) hits.push_back({goroutine, frame});
  }
  std::ranges::sort(hits, {}, &Hit::goroutine);
  return hits;
}

std::optional<StackIndex::Hit> StackIndex::find(Index goroutine, std::string_view function) const {
  const image::FunctionTable& functions = snapshot_.image->functions();
  std::uint32_t frame = 0;
  for (const golang::FramePc& pc : snapshot_.frames(snapshot_.goroutines[goroutine])) {
    const image::FuncIndex index = functions.find(pc.inside());
    if (index != image::kNoFunc && functions.function(index).name == function) {
      return Hit{goroutine, frame};
    }
    ++frame;
  }
  return std::nullopt;
}

std::string_view StackIndex::innermost(Index goroutine) const {
  const image::FunctionTable& functions = snapshot_.image->functions();
  for (const golang::FramePc& pc : snapshot_.frames(snapshot_.goroutines[goroutine])) {
    const image::FuncIndex index = functions.find(pc.inside());
    if (index == image::kNoFunc) continue;
    const std::string_view name = functions.function(index).name;
    if (!name.starts_with("runtime.")) return name;
  }
  return {};
}

Addr StackIndex::argument(const Hit& hit, std::uint32_t number) {
  if (hit.goroutine != unwound_) {
    frames_.clear();
    golang::framesOf(snapshot_, snapshot_.goroutines[hit.goroutine], unwinder_, frames_);
    unwound_ = hit.goroutine;
  }
  if (hit.frame >= frames_.size()) return 0;
  return snapshot_.image->target().memory().pointer(frames_[hit.frame].argp + number * kWord);
}

}  // namespace parked::resources
