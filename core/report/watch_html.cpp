// `parked watch --html`: the page of all looks so far.

#include "report/html_page.h"
#include "report/json_objects.h"
#include "report/json_text.h"
#include "report/watch.h"
#include "report/watch_series.h"

namespace parked::report {

namespace {

/// Groups on the page: the growing ones, and the largest.
constexpr std::size_t kGroupsDrawn = 300;

template <std::size_t N, typename T>
void putNumbers(JsonWriter& json, const char (&name)[N], const std::vector<T>& numbers) {
  json.array(name, numbers, [&](T number) { json.value(number); });
}

void putWatched(JsonWriter& json, const WatchView& view) {
  const TargetInfo& target = view.target;
  json.object("target", [&] {
    json.member("pid", target.pid);
    json.text("program", target.executable);
    json.text("source", target.source);
    json.text("go_version", target.goVersion);
    json.text("arch", target.architecture);
    json.text("build_id", target.buildId);
    json.text("taken_at", target.takenAt ? rfc3339(*target.takenAt) : std::string());
    json.member("pause_ns", pauseNs(target));
    json.member("stopped", target.kind != target::Kind::liveUnstopped);
  });
}

}  // namespace

void renderWatchHtml(const WatchView& view, const WatchSeries& series, std::string_view ended,
                     const Sink& sink) {
  const leak::History& history = *view.history;
  std::vector<const leak::FollowedGroup*> listed = history.groups();
  const std::size_t all = listed.size();
  if (listed.size() > kGroupsDrawn) listed.resize(kGroupsDrawn);
  writePage(sink, [&](const Sink& data) {
    Writer out(data);
    JsonWriter json(out.block());
    json.object([&] {
      json.member("page", "watch");
      json.object("watch", [&] {
        putWatched(json, view);
        json.member("every_ns", view.every.count());
        json.member("looks", history.looks());
        json.text("ended", ended);
        json.text("no_proof", view.withheld);
        json.array("incomplete", view.incomplete,
                   [&](const Incomplete& entry) { putIncomplete(json, entry); });
        json.member("looks_a_point", series.step());
        putNumbers(json, "since_first_ns", series.times());
        putNumbers(json, "goroutines", series.totals());
        json.member("groups_total", all);
        json.array("groups", listed, [&](const leak::FollowedGroup* group) {
          json.object([&] {
            putFollowedGroup(json, *group, view.known.contains(group->number));
            putNumbers(json, "counts", series.of(group->number));
          });
          out.drain();
        });
      });
    });
    out.flush();
  });
}

}  // namespace parked::report
