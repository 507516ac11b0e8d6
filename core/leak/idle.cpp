#include "leak/idle.h"

#include <algorithm>
#include <array>

#include "leak/known.h"

namespace parked::leak {

using golang::Channel;
using golang::ObjectKind;
using golang::Wait;
using golang::WaitOp;

namespace {

const Channel* channelOf(const golang::Snapshot& snapshot, const Wait& wait) {
  return wait.kind == ObjectKind::channel && wait.object < snapshot.channels.size()
             ? &snapshot.channels[wait.object]
             : nullptr;
}

/// Work comes over it: `chan struct{}` carries signals and tokens.
bool carriesData(const golang::Snapshot& snapshot, const Wait& wait) {
  const Channel* channel = channelOf(snapshot, wait);
  return channel != nullptr && channel->elementSize > 0;
}

/// What is closed at the end, such as ctx.Done(). What has room for elements without content holds
/// tokens: who waits there waits for others to give theirs back.
bool isSignal(const golang::Snapshot& snapshot, const Wait& wait) {
  const Channel* channel = channelOf(snapshot, wait);
  return channel != nullptr && channel->elementSize == 0 && channel->capacity == 0;
}

/// What of it a goroutine takes its work from, or the signals it waits for if it waits for nothing
/// else; none if it also sends.
struct Sources {
  Why why = Why::none;
  std::vector<Addr> channels;
  bool operator==(const Sources&) const = default;
};

void readSources(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine,
                 Sources& out) {
  out = {};
  const auto waits = snapshot.waitsOf(goroutine);
  if (std::ranges::any_of(waits, [](const Wait& wait) { return wait.op != WaitOp::receive; })) {
    return;
  }
  const auto data = [&](const Wait& wait) { return carriesData(snapshot, wait); };
  const auto signal = [&](const Wait& wait) { return isSignal(snapshot, wait); };
  if (std::ranges::any_of(waits, data)) {
    out.why = Why::worker;
    for (const Wait& wait : waits) {
      if (data(wait)) out.channels.push_back(wait.address);
    }
  } else if (!waits.empty() && std::ranges::all_of(waits, signal)) {
    out.why = Why::signal;
    for (const Wait& wait : waits) out.channels.push_back(wait.address);
  }
  std::ranges::sort(out.channels);
}

/// The innermost frame outside of the runtime and of package sync.
image::SourceFrame waitingFrame(const Analysis& analysis, const Group& group) {
  std::vector<image::SourceFrame> frames;
  analysis.frames(analysis.snapshot().goroutines[group.example], frames);
  for (const image::SourceFrame& frame : frames) {
    if (!isRuntimeFunction(frame.function) && !frame.function.starts_with("sync.")) return frame;
  }
  return {};
}

/// A Cond is a queue's where the user's code waits at it. Those of the standard library and of
/// golang.org/x are about the state of a connection.
bool isQueueOfOwn(const Analysis& analysis, const Group& group) {
  if (group.objects != 1) return false;
  const image::SourceFrame frame = waitingFrame(analysis, group);
  return isUserFunction(analysis.code(), frame.function, frame.file);
}

}  // namespace

Why idleByDesign(const Analysis& analysis, const Group& group) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const golang::Goroutine& example = snapshot.goroutines[group.example];
  const auto waits = snapshot.waitsOf(example);
  // Who serves a request waits in the middle of it, for what it needs and others have.
  const std::string_view start = analysis.place(analysis.info(group.example).start).function;
  if (waits.empty() || servesRequests(start)) return Why::none;
  if (waits.front().kind == ObjectKind::cond) {
    return isQueueOfOwn(analysis, group) ? Why::worker : Why::none;
  }
  Sources shared, own;
  readSources(snapshot, example, shared);
  if (shared.why == Why::none) return Why::none;
  for (const Index member : analysis.grouping().membersOf(group)) {
    readSources(snapshot, snapshot.goroutines[member], own);
    if (own != shared) return Why::none;
  }
  return shared.why;
}

bool awaitsResponse(const Analysis& analysis, const Group& group) {
  static constexpr std::array<std::string_view, 2> kPackages = {"net/http",
                                                                "golang.org/x/net/http2."};
  static constexpr std::array<std::string_view, 3> kFunctions = {").roundTrip", ").RoundTrip",
                                                                 ").writeRequest"};
  const std::string_view function = waitingFrame(analysis, group).function;
  return std::ranges::any_of(kPackages, [&](auto name) { return function.starts_with(name); }) &&
         std::ranges::any_of(kFunctions, [&](auto name) { return function.ends_with(name); });
}

}  // namespace parked::leak
