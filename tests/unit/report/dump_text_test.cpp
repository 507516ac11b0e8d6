// The wording of Go's goroutine dumps, release by release.

#include "report/dump_text.h"

#include <gtest/gtest.h>

#include "../leak/fake_program.h"

namespace parked {
namespace {

using fake::kMinute;
using fake::kNow;
using fake::ReasonClass;
using fake::Status;
using report::DumpDialect;

DumpDialect dialectOf(int minor, std::string_view godebug = {}) {
  image::BuildInfo build;
  build.version.minor = minor;
  if (!godebug.empty()) build.settings = {{"DefaultGODEBUG", std::string(godebug)}};
  return DumpDialect::of(build);
}

/// A goroutine blocked in `reason`, for the header's sake.
struct Blocked {
  explicit Blocked(std::string_view reason = "chan receive",
                   ReasonClass kind = ReasonClass::chanReceive) {
    program.reason("", ReasonClass::none);
    program.blocked(reason, kind, golang::kNone);
    g().id = 18;
    g().address = 0xc000007a40;
  }
  golang::Goroutine& g() { return program.snapshot.goroutines[0]; }
  void label(std::vector<std::pair<std::string, std::string>> pairs) {
    program.snapshot.labelSets = {{std::move(pairs)}};
    g().labels = 0;
  }
  std::string header(const DumpDialect& dialect, bool system = false,
                     std::optional<std::int64_t> mId = {}) {
    auto header = report::describeHeader(dialect, program.snapshot, g());
    header.mId = mId;
    return report::headerText(dialect, header, system);
  }
  fake::Builder program;
};

TEST(DumpHeader, StatusMinutesAndMarks) {
  Blocked blocked;
  EXPECT_EQ(blocked.header(dialectOf(26)), "goroutine 18 [chan receive]:");
  blocked.g().waitSince = kNow - 2 * kMinute - 1;
  EXPECT_EQ(blocked.header(dialectOf(26)), "goroutine 18 [chan receive, 2 minutes]:");
  blocked.g().scan = true;
  blocked.g().lockedToThread = true;
  EXPECT_EQ(blocked.header(dialectOf(18)),
            "goroutine 18 [chan receive (scan), 2 minutes, locked to thread]:");
  blocked.g().status = Status::leaked;  // Go does not say for how long
  EXPECT_EQ(blocked.header(dialectOf(26)),
            "goroutine 18 [chan receive (leaked) (scan), locked to thread]:");
  blocked.g() = {};
  blocked.g().id = 7;
  blocked.g().status = Status::syscall;
  blocked.g().waitSince = kNow - kMinute;
  EXPECT_EQ(blocked.header(dialectOf(26)), "goroutine 7 [syscall, 1 minutes]:");
}

TEST(DumpHeader, WaitsOfADamagedTarget) {
  Blocked blocked;
  for (const std::int64_t since : {INT64_MIN, std::int64_t{-1}, INT64_MAX, kNow}) {
    blocked.g().waitSince = since;
    EXPECT_EQ(blocked.header(dialectOf(26)), "goroutine 18 [chan receive]:") << since;
  }
  blocked.g().reason = 0xffff;
  EXPECT_EQ(blocked.header(dialectOf(26)), "goroutine 18 [waiting]:");
}

TEST(DumpHeader, AddressesOfSystemDumpsSince1_22) {
  Blocked blocked;
  EXPECT_EQ(blocked.header(dialectOf(21), true), "goroutine 18 [chan receive]:");
  EXPECT_EQ(blocked.header(dialectOf(22), true),
            "goroutine 18 gp=0xc000007a40 m=nil [chan receive]:");
  blocked.g().m = 0xc000045808;
  EXPECT_EQ(blocked.header(dialectOf(26), true, 4),
            "goroutine 18 gp=0xc000007a40 m=4 mp=0xc000045808 [chan receive]:");
  EXPECT_EQ(blocked.header(dialectOf(26), false, 4), "goroutine 18 [chan receive]:");
}

TEST(DumpHeader, Bubbles) {
  Blocked blocked("sleep", ReasonClass::sleep);
  blocked.g().bubble = 3;
  EXPECT_EQ(blocked.header(dialectOf(24)), "goroutine 18 [sleep, synctest group 3]:");
  EXPECT_EQ(blocked.header(dialectOf(25)), "goroutine 18 [sleep (durable), synctest bubble 3]:");
  Blocked named("chan receive (durable)", ReasonClass::chanReceive);
  named.program.snapshot.reasons.back().durable = true;
  named.g().bubble = 3;
  EXPECT_EQ(named.header(dialectOf(25)),
            "goroutine 18 [chan receive (durable), synctest bubble 3]:");
  Blocked mutex("sync.Mutex.Lock", ReasonClass::mutexLock);
  mutex.g().bubble = 3;
  EXPECT_EQ(mutex.header(dialectOf(25)), "goroutine 18 [sync.Mutex.Lock, synctest bubble 3]:");
}

TEST(DumpHeader, Labels) {
  Blocked blocked;
  blocked.label({{"tenant", "a/b.c_1"}, {"q\"\\\n\t\r\x01 ", "v\xc3\xa9\xf0\x9f\x98\x80\xff"}});
  EXPECT_EQ(blocked.header(dialectOf(25)), "goroutine 18 [chan receive]:");
  EXPECT_EQ(blocked.header(dialectOf(26)), "goroutine 18 [chan receive]:");
  EXPECT_EQ(blocked.header(dialectOf(26, "a=1,tracebacklabels=1")),
            "goroutine 18 [chan receive labels:{\"tenant\": \"a/b.c_1\", "
            "\"q\\\"\\\\\\n\\t\\r\\x01 \": \"v\\u00e9\\U0001f600\\ufffd\"}]:");
  EXPECT_EQ(blocked.header(dialectOf(27)),
            "goroutine 18 [chan receive] {tenant: a/b.c_1, "
            "\"q\\\"\\\\\\n\\t\\r\\x01 \": \"v\\u00e9\\U0001f600\\xff\"}:");
  EXPECT_EQ(blocked.header(dialectOf(27, "tracebacklabels=0,x=y")), "goroutine 18 [chan receive]:");
  blocked.label({});
  EXPECT_EQ(blocked.header(dialectOf(27)), "goroutine 18 [chan receive]:");
}

bool shown(int minor, std::string_view function, bool wrapper = false,
           std::string_view callee = "main.f", bool first = false) {
  const DumpDialect dialect = dialectOf(minor);
  return report::isShown(report::traitsOf(dialect, function, wrapper),
                         report::traitsOf(dialect, callee, false), first);
}

TEST(DumpFrames, RuntimeFramesAreHidden) {
  EXPECT_TRUE(shown(26, "main.f"));
  EXPECT_TRUE(shown(26, "internal/runtime/maps.fatal"));
  EXPECT_FALSE(shown(26, "runtime.gopark"));
  EXPECT_TRUE(shown(26, "runtime.Goexit"));
  EXPECT_FALSE(shown(26, "runtime."));
  EXPECT_FALSE(shown(26, "crosscall2")) << "without a package";
  EXPECT_FALSE(shown(26, ""));
}

TEST(DumpFrames, ExportedMethodsOfTheRuntimeSince1_23) {
  EXPECT_FALSE(shown(22, "runtime.(*Frames).Next"));
  EXPECT_TRUE(shown(23, "runtime.(*Frames).Next"));
  EXPECT_FALSE(shown(23, "runtime.(*mheap).Alloc"));
  EXPECT_TRUE(shown(22, "runtime.Gosched.func1"));
  EXPECT_FALSE(shown(23, "runtime.Gosched.func1"));
}

TEST(DumpFrames, PanicsAndTheWrappersThatCallThem) {
  EXPECT_TRUE(shown(26, "runtime.gopanic", false, "main.f", false));
  EXPECT_FALSE(shown(26, "runtime.gopanic", false, "main.f", true));
  EXPECT_FALSE(shown(26, "main.(*T).f", true));
  EXPECT_TRUE(shown(26, "main.(*T).f", true, "runtime.panicwrap"));
  EXPECT_TRUE(shown(26, "main.(*T).f", true, "runtime.sigpanic"));
  EXPECT_TRUE(shown(26, "main.(*T).f", true, "runtime.gopanic"));
}

TEST(DumpFrames, FinalizersAreShownSince1_25) {
  EXPECT_FALSE(shown(24, "runtime.runFinalizers"));
  EXPECT_TRUE(shown(25, "runtime.runFinalizers"));
  EXPECT_TRUE(shown(25, "runtime.runCleanups"));
}

TEST(DumpFrames, LongStacksLoseTheirMiddleSince1_21) {
  EXPECT_EQ(report::cutOf(dialectOf(21), 100).elided, 0U);
  EXPECT_EQ(report::cutOf(dialectOf(21), 101).elided, 1U);
  EXPECT_EQ(report::cutOf(dialectOf(21), 101).inner, 50U);
  EXPECT_EQ(report::cutOf(dialectOf(20), 101).elided, 0U);
}

}  // namespace
}  // namespace parked
