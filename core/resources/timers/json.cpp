// Timers as JSON (docs/json.md).
#include <memory>
#include <string>
#include <unordered_map>

#include "report/json_text.h"
#include "report/json_waits.h"
#include "resources/kit.h"
#include "resources/timers/groups.h"
#include "resources/timers/places.h"
#include "resources/timers/slice.h"

namespace parked::resources {

namespace {

/// "" where nothing does.
std::string_view rearmingId(Rearming rearming) {
  return rearming == Rearming::startsItself   ? "starts_itself"
         : rearming == Rearming::resetsItself ? "resets_itself"
                                              : "";
}

void putTimerDetail(JsonWriter& json, const Report& report, std::size_t index) {
  const Timers* timers = report.resources == nullptr ? nullptr : &report.resources->of<Timers>();
  const bool known = timers != nullptr && index < timers->details.size();
  const TimerDetail detail = known ? timers->details[index] : TimerDetail{};
  json.address("object", detail.object);
  json.text("held_by", known ? holderText(*report.analysis, *timers, index) : std::string());
  json.member("nobody_can_stop", detail.holder == TimerHolder::nobody);
  const TimerMaker maker = known ? makerOf(*report.analysis, *timers, index) : TimerMaker{};
  if (maker.place.function.empty()) {
    json.null("made");
  } else {
    json.object("made", [&] {
      json.member("how", maker.how);
      putPlaceMembers(json, maker.place);
    });
  }
  json.member("receivers", detail.receivers);
  json.text("rearms", rearmingId(detail.rearming));
  const auto ifKnown = [&](std::uint64_t number) {
    return detail.retainedKnown ? std::optional(number) : std::nullopt;
  };
  json.member("retained_bytes", ifKnown(detail.retainedBytes));
  json.member("retained_objects", ifKnown(detail.retainedObjects));
}

/// Writes timers of one report. Keeps the text of callbacks, which many timers share.
class TimersJson {
 public:
  explicit TimersJson(const Report& report) : report_(report) {}
  void put(JsonWriter& json, std::size_t index);

 private:
  const Report& report_;
  std::unordered_map<Addr, std::string> callbacks_;  // by code address
};

void TimersJson::put(JsonWriter& json, std::size_t index) {
  const golang::Snapshot& snapshot = *report_.snapshot;
  const golang::Timer& timer = timersOf(report_)[index];
  json.object([&] {
    json.address("address", timer.address);
    json.member("kind", traitsOf(timer.kind).id);
    json.member("p", timer.p >= 0 ? std::optional(timer.p) : std::nullopt);
    json.member("due_in_ns", fromNow(snapshot.clock, timer.when));
    json.member("period_ns", unlessZero(timer.period));
    json.member("stopped", timer.stopped);
    const Addr code = timer.callback != 0 ? timer.callback : timer.function;
    const auto [at, isNew] = callbacks_.try_emplace(code);
    if (isNew) {
      JsonWriter kept(at->second);
      putPlaceOrNull(kept, leak::functionAt(report_.analysis->code(), code));
    }
    json.key("callback");
    json.raw(at->second);
    json.address("channel", timer.channel);
    json.member("goroutine", idOf(snapshot, timer.goroutine));
    putTimerDetail(json, report_, index);
  });
}

}  // namespace

void addTimers(Document& document, std::uint64_t /*limit*/) {
  const Report& report = document.report();
  document.array("timers", "timer", timersOf(report).size(),
                 [timers = std::make_shared<TimersJson>(report)](JsonWriter& json, std::size_t i) {
                   timers->put(json, i);
                 });
}

}  // namespace parked::resources
