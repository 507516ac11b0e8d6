// `parked watch --json`: a line a look.

#include "report/json_objects.h"
#include "report/json_text.h"
#include "report/watch.h"

namespace parked::report {

namespace {

constexpr std::string_view kWatchSchema = "parked-watch/1";

}  // namespace

void putFollowedGroup(JsonWriter& json, const leak::FollowedGroup& group, bool known) {
  json.member("number", group.number);
  json.member("first_look", group.firstLook);
  json.member("count", group.count);
  json.member("change", group.change);
  json.member("new", group.arrived);
  json.member("gone", group.left);
  json.member("same", group.same);
  json.member("same_as_first", group.sameAsFirst);
  json.member("parked_anew", group.moved);
  json.member("known", known);
  json.member("growing", group.growing);
  json.key("per_minute");
  json.raw(fmt::format("{:.3f}", group.trend.perMinute));
  json.member("verdict", leak::verdictName(group.verdict));
  json.member("state", leak::traitsOf(group.state).name);
  json.text("reason", group.reason);
  json.member("system", group.system);
  json.member("example", group.example);
  json.member("wait_at_least_ns", ifPositive(group.longestWait));
  putPlaceOrNull(json, "user", group.user.view());
  putPlaceOrNull(json, "created_by", group.creator.view());
}

void renderWatchJson(const WatchView& view, std::uint64_t limit, const Sink& sink) {
  const leak::History& history = *view.history;
  std::vector<const leak::FollowedGroup*> listed;
  for (const leak::FollowedGroup* group : history.groups()) {
    if (group->count == 0 && group->left == 0) continue;
    if (limit > 0 && listed.size() == limit) break;
    listed.push_back(group);
  }
  std::string out;
  JsonWriter json(out);
  json.object([&] {
    json.member("type", "look");
    json.member("schema", kWatchSchema);
    json.member("look", history.looks());
    json.member("pid", view.target.pid);
    json.text("executable", view.target.executable);
    json.text("taken_at", view.target.takenAt ? rfc3339(*view.target.takenAt) : std::string());
    json.member("since_first_ns", history.lastAt() - history.firstAt());
    json.member("pause_ns", pauseNs(view.target));
    json.member("goroutines", history.total());
    json.array("groups", listed, [&](const leak::FollowedGroup* group) {
      json.object([&] { putFollowedGroup(json, *group, view.known.contains(group->number)); });
    });
    json.text("no_proof", view.withheld);
    json.array("incomplete", view.incomplete,
               [&](const Incomplete& entry) { putIncomplete(json, entry); });
  });
  out += '\n';
  sink(out);
}

}  // namespace parked::report
