// What the JSON document says once: the target, the choice of goroutines, the proof.

#include "report/crash.h"
#include "report/json_objects.h"
#include "report/json_text.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

void putCensus(JsonWriter& json, const Census& census) {
  json.object("goroutines", [&] {
    json.member("total", census.total);
    json.member("system", census.system);
    json.member("running", census.running);
    json.member("runnable", census.runnable);
    json.member("syscall", census.syscall);
    json.member("blocked", census.blocked);
    json.member("other", census.other);
    json.member("dead", census.dead);
    json.member("unread", census.unread);
  });
  json.object("verdicts", [&] {
    for (std::size_t i = 0; i < census.byVerdict.size(); ++i) {
      json.key(leak::verdictName(static_cast<leak::Verdict>(i)));
      json.value(census.byVerdict[i]);
    }
  });
}

}  // namespace

void putTarget(JsonWriter& json, const Report& report) {
  const TargetInfo& t = report.target;
  json.object([&] {
    json.text("program", baseName(t.executable));
    json.text("path", t.executable);
    json.text("loaded_by", t.loadedBy);
    json.array("runtimes", t.runtimes, [&](const std::string& file) { json.value(file); });
    json.text("main_package", t.mainPackage);
    json.text("source", t.source);
    json.text("kind", target::traitsOf(t.kind).id);
    json.member("redacted", t.redacted);
    json.member("pid", unlessZero(t.pid));
    json.text("signal", t.signal != 0 ? signalName(t.signal) : std::string());
    json.key("crash");
    putCrashObject(json, report);
    json.text("go_version", t.goVersion);
    json.text("arch", t.architecture);
    json.text("build_id", t.buildId);
    json.text("layouts", t.layoutOrigin);
    json.text("clock", t.clockSource);
    json.text("taken_at", t.takenAt ? rfc3339(*t.takenAt) : std::string());
    json.member("pause_ns", pauseNs(t));
    json.member("uptime_ns", t.upSince);
    json.member("started_ns", unlessZero(report.snapshot->clock.started));
    json.member("clock_is_lower_bound", t.clockIsLowerBound);
    json.member("threads", t.threads);
    json.member("gomaxprocs", t.gomaxprocs);
    putCensus(json, report.census);
  });
}

void putSelection(JsonWriter& json, const Report& report, std::size_t listed) {
  json.object([&] {
    json.member("filtered", report.filtered);
    json.member("goroutines", report.goroutines.size());
    json.member("listed", listed);
    json.member("quieted", report.quietedGoroutines);
  });
}

void putProof(JsonWriter& json, const Report& report) {
  const proof::Proof* proof = report.analysis->options().proof;
  json.object([&] {
    if (proof == nullptr) {
      json.member("state", "not_asked");
      json.null("withheld");
      return;
    }
    json.member("state", proof->given() ? "given" : "withheld");
    json.member("withheld",
                proof->given() ? std::nullopt : std::optional<std::string>(proof->withheld()));
    json.member("candidates", proof->candidates());
    if (!proof->given()) return;
    json.member("heap_bytes", proof->heap()->inUseBytes());
    json.member("objects_reached", proof->marker()->markedObjects());
    json.member("shared_heap_bytes", report.holdings.sharedBytes);
    json.member("shared_heap_objects", report.holdings.sharedObjects);
  });
}

void putIncomplete(JsonWriter& json, const Incomplete& entry) {
  json.object([&] {
    json.member("what", entry.what);
    json.member("detail", entry.detail);
    json.member("count", entry.count);
    json.address("first_address", entry.firstAddress);
  });
}

}  // namespace parked::report
