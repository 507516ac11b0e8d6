// `parked watch --json`: a line a look.

#include "report/json_names.h"
#include "report/json_objects.h"
#include "report/json_text.h"
#include "report/watch.h"

namespace parked::report {

namespace {

constexpr std::string_view kWatchSchema = "parked-watch/1";

void putGroup(std::string& out, const leak::FollowedGroup& group) {
  put(out,
      FMT_COMPILE(R"({{"number":{},"first_look":{},"count":{},"change":{},"new":{},"gone":{})"),
      group.number, group.firstLook, group.count, group.change, group.arrived, group.left);
  put(out, FMT_COMPILE(R"(,"same":{},"same_as_first":{},"parked_anew":{})"), group.same,
      group.sameAsFirst, group.moved);
  put(out,
      FMT_COMPILE(R"(,"growing":{},"per_minute":{:.3f},"verdict":"{}","state":"{}","reason":)"),
      boolText(group.growing), group.trend.perMinute, leak::verdictName(group.verdict),
      leak::stateName(group.state));
  putStringOrNull(out, group.reason);
  put(out, FMT_COMPILE(R"(,"system":{},"example":{},"wait_at_least_ns":)"), boolText(group.system),
      group.example);
  putNumberOrNull(out, group.longestWait > 0 ? std::optional(group.longestWait) : std::nullopt);
  out += R"(,"user":)";
  putPlaceOrNull(out, group.user.view());
  out += R"(,"created_by":)";
  putPlaceOrNull(out, group.creator.view());
  out += '}';
}

}  // namespace

void renderWatchJson(const WatchView& view, std::uint64_t limit, const Sink& sink) {
  const leak::History& history = *view.history;
  std::string out;
  put(out, FMT_COMPILE(R"({{"type":"look","schema":"{}","look":{},"pid":{},"executable":)"),
      kWatchSchema, history.looks(), view.target.pid);
  putStringOrNull(out, view.target.executable);
  out += R"(,"taken_at":)";
  putStringOrNull(out, view.target.takenAt ? rfc3339(*view.target.takenAt) : std::string());
  put(out, FMT_COMPILE(R"(,"since_first_ns":{},"pause_ns":)"),
      history.lastAt() - history.firstAt());
  putNumberOrNull(out, pauseNs(view.target));
  put(out, FMT_COMPILE(R"(,"goroutines":{},"groups":[)"), history.total());
  std::uint64_t listed = 0;
  for (const leak::FollowedGroup* group : history.groups()) {
    if (group->count == 0 && group->left == 0) continue;
    if (limit > 0 && listed == limit) break;
    if (listed++ > 0) out += ',';
    putGroup(out, *group);
  }
  out += R"(],"no_proof":)";
  putStringOrNull(out, view.withheld);
  out += R"(,"incomplete":[)";
  for (std::size_t i = 0; i < view.incomplete.size(); ++i) {
    if (i > 0) out += ',';
    JsonObjects::incomplete(out, view.incomplete[i]);
  }
  out += "]}\n";
  sink(out);
}

}  // namespace parked::report
