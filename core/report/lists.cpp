#include "report/lists.h"

#include <algorithm>
#include <span>

#include "base/text.h"
#include "leak/describe.h"
#include "report/baseline.h"
#include "report/escape.h"
#include "report/json_waits.h"
#include "report/phrases.h"
#include "report/section.h"
#include "report/waiters.h"

namespace parked::report {

namespace {

void putGoroutineLine(Page& page, const Report& report, Index index, std::size_t idWidth,
                      std::size_t reasonWidth) {
  const golang::Goroutine& goroutine = report.snapshot->goroutines[index];
  const leak::Analysis& analysis = *report.analysis;
  const leak::GoroutineInfo& info = analysis.info(index);
  const std::string reason = escape(reasonText(analysis, index));
  const std::string wait = waitText(analysis.waitAtLeast(index));
  page.put(fmt::format("{:>{}}  ", goroutine.id, idWidth), Ink::strong);
  page.put(goroutine.system ? "system " : fmt::format("{:<7}", leak::verdictName(info.verdict)),
           goroutine.system ? Ink::faint : lookOf(info.verdict).ink);
  const std::string label =
      fmt::format("  {}  {:<14}", padded(cutBack(reason, reasonWidth), reasonWidth), wait);
  page.placeField(0, columns(label) + 2, label, analysis.place(analysis.userLine(index).user),
                  isKnown(report, index) ? "known" : "", idWidth + 2 + 7);
}

std::size_t longestReason(const Report& report, std::span<const Index> goroutines) {
  std::size_t longest = 0;
  for (const Index i : goroutines) {
    longest = std::max(longest, columns(reasonText(*report.analysis, i)));
  }
  return std::min<std::size_t>(longest, 28);
}

std::size_t digits(std::uint64_t number) { return std::to_string(number).size(); }

}  // namespace

void renderGoroutines(const Report& report, std::uint64_t limit,
                      std::optional<std::uint64_t> stacks, const TextStyle& style,
                      const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  if (report.goroutines.empty()) {
    page.line(0, {{noGoroutinesText(report)}});
    return;
  }
  const std::uint64_t shown = atMost(report.goroutines.size(), limit);
  const std::span<const Index> listed(report.goroutines.data(), shown);
  // The one with the largest id, in whatever order they are.
  const std::size_t idWidth = digits(report.snapshot->goroutines[std::ranges::max(listed)].id);
  const std::size_t reasonWidth = longestReason(report, listed);
  for (const Index index : listed) {
    if (writer.ended()) return;
    putGoroutineLine(page, report, index, idWidth, reasonWidth);
    if (!stacks) continue;
    putStack(page, report, index, *stacks, "-t 0");
    page.blank();
  }
  putMore(page, style, report.goroutines.size() - shown, "goroutines");
}

namespace {

void renderChannels(const Report& report, std::uint64_t limit, const TextStyle& style,
                    const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const auto& channels = report.snapshot->channels;
  if (channels.empty()) {
    page.line(0, {{"no goroutine waits on a channel"}});
    return;
  }
  const auto order = byWeight(channels.size(), [&](Index i) {
    return std::uint64_t{channels[i].senders} + channels[i].receivers;
  });
  const std::uint64_t shown = atMost(order.size(), limit);
  const Waiters waiters(*report.snapshot, {order.data(), shown}, true);
  for (std::uint64_t i = 0; i < shown && !writer.ended(); ++i) {
    page.field(0, 0, {}, leak::describeChannel(*report.snapshot, channels[order[i]]));
    page.field(4, 0, {}, waiters[i], Ink::faint);
  }
  putMore(page, style, order.size() - shown, "channels");
}

}  // namespace

extern const Section kChannels = {
    .name = "channels",
    .summary = "the channels goroutines wait on",
    .text = "Every channel somebody waits on, most waiters first.",
    .behind = "why",
    .render = renderChannels,
    .members =
        [](Document& document, std::uint64_t limit) {
          const golang::Snapshot& snapshot = *document.report().snapshot;
          document.array("channels", "channel", atMost(snapshot.channels.size(), limit),
                         [&snapshot](JsonWriter& json, std::size_t i) {
                           putChannel(json, snapshot, snapshot.channels[i]);
                         });
        },
};

void addChannel(Document& document, Index channel) {
  const golang::Snapshot& snapshot = *document.report().snapshot;
  document.array("channels", "channel", 1, [&snapshot, channel](JsonWriter& json, std::size_t) {
    putChannel(json, snapshot, snapshot.channels[channel]);
  });
}

void renderChannel(const Report& report, Index index, std::uint64_t limit, const TextStyle& style,
                   const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const golang::Snapshot& snapshot = *report.snapshot;
  const golang::Channel& channel = snapshot.channels[index];
  page.field(0, 0, {}, leak::describeChannel(snapshot, channel), Ink::strong);
  if (channel.timer != 0) page.field(2, 10, "timer", fmt::format("{:#x}", channel.timer));
  for (const golang::WaitOp op : {golang::WaitOp::send, golang::WaitOp::receive}) {
    std::vector<Index> queue;
    for (const golang::Wait& wait : snapshot.waits) {
      if (wait.kind == golang::ObjectKind::channel && wait.object == index && wait.op == op) {
        queue.push_back(wait.goroutine);
      }
    }
    if (queue.empty()) continue;
    page.blank();
    page.line(0, {{op == golang::WaitOp::send ? "senders" : "receivers", Ink::strong},
                  {fmt::format("  {}", withSeparators(queue.size())), Ink::faint}});
    const std::uint64_t shown = atMost(queue.size(), limit);
    const std::span<const Index> listed(queue.data(), shown);
    std::uint64_t largest = 0;
    for (const Index i : listed) largest = std::max(largest, snapshot.goroutines[i].id);
    const std::size_t reasonWidth = longestReason(report, listed);
    for (const Index i : listed) {
      if (writer.ended()) return;
      putGoroutineLine(page, report, i, digits(largest), reasonWidth);
    }
    putMore(page, style, queue.size() - shown, fmt::format("channel {:#x}", channel.address));
  }
}

}  // namespace parked::report
