// The text renderers on snapshots made by hand: what is said, that it fits, that nothing from the
// target reaches the terminal raw.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "../leak/fake_program.h"
#include "report/escape.h"
#include "report/lists.h"
#include "report/render.h"
#include "report/section.h"
#include "resources/resources.h"

namespace parked {
namespace {

using fake::Builder;
using fake::kMinute;
using fake::ObjectKind;
using fake::ReasonClass;
using fake::Status;
using fake::WaitOp;
using testing::HasSubstr;
using testing::Not;

report::TargetInfo target() {
  report::TargetInfo info;
  info.executable = "/srv/shop/shop";
  info.goVersion = "go1.26.8";
  info.architecture = "amd64";
  info.buildId = "abcdefghijklmnopqrstuvwxyz/0123456789";
  info.source = "core.1234";
  info.signal = 6;
  info.takenAt = 1'763'860'364'000'000'000;
  info.upSince = 49LL * 3600 * 1'000'000'000;
  return info;
}

struct Options {
  report::TextOptions text;
  report::TextStyle style;
  std::vector<Incomplete> incomplete;
  std::vector<query::Filter> filters;
};

std::string render(const Builder& program, const Options& options = {}) {
  const leak::Analysis analysis = program.analyse();
  const auto report = report::makeReport(analysis, resources::broughtBy(nullptr), target(),
                                         options.incomplete, options.filters)
                          .value();
  std::string out;
  report::renderText(report, options.text, options.style, [&out](std::string_view text) {
    out += text;
    return true;
  });
  return out;
}

/// 1,200 senders on channels of their own, a worker pool, main, two of the runtime.
Builder shop() {
  Builder program;
  program.blocked("select (no cases)", ReasonClass::selectNoCases,
                  program.stack({fake::kGopark, fake::kMainMain, fake::kRuntimeMain}), 0,
                  fake::kMainMain);
  program.wait(ObjectKind::noCases, WaitOp::none);
  for (int i = 0; i < 1200; ++i) {
    program.sender(program.channel(0xc000123456 + 0x100U * i), 41 * kMinute);
  }
  const auto jobs = program.channel(0xd000);
  for (int i = 0; i < 8; ++i) program.receiver(jobs, 2 * kMinute);
  for (int i = 0; i < 2; ++i) {
    program
        .blocked("GC sweep wait", ReasonClass::runtimeInternal,
                 program.stack({fake::kGopark, fake::kBgsweep, fake::kGoexit}))
        .system = true;
  }
  return program;
}

TEST(Text, TheWholeReport) {
  const std::string text = render(shop());
  EXPECT_EQ(text,
            R"(program     /srv/shop/shop, go1.26.8 linux/amd64, build id abcdefghijklmnopq...
read from   core.1234, SIGABRT, 2025-11-23 01:12:44 UTC, up 2d1h
goroutines  1,211: 1,211 blocked; 2 of the runtime
verdicts    1,200 SUSPECT, 9 WAITING

 1,200  SUSPECT  chan send          at least 41m  goroutines 2, 3, 4, ...
        at          main.(*server).notify  /src/shop/notify.go:88
        created by  main.(*server).handle  /src/shop/server.go:41
        waits on    1,200 different channels, e.g. chan int 0xc000123456 unbuffered, open, 1 sender queued, no receivers
        because     1,200 goroutines blocked at the same place, the longest for at least 41m
        PK005       send that nobody receives, it seems: receive on every way out, those of errors and timeouts too, or give the channel a buffer of one

     8  WAITING  chan receive       at least 2m   goroutines 1202, 1203, 1204, ...
        at          main.worker  /src/shop/worker.go:12
        created by  main.(*server).handle  /src/shop/server.go:41
        waits on    chan int 0xd000 unbuffered, open, no senders, 8 receivers queued
        note        8 goroutines take from one channel, as idle workers do

     1  WAITING  select (no cases)                goroutine 1
        at          main.main  /src/shop/main.go:20
        note        main in select {}: the usual way to keep a program up

2 goroutines of the runtime not shown  parked report --system
one goroutine in full                  parked goroutine 2
)");
}

/// The last goroutine of the program panicked, and it died of that.
void die(Builder& program) {
  golang::Snapshot& snapshot = program.snapshot;
  const auto dead = static_cast<std::uint32_t>(snapshot.goroutines.size());
  program.goroutine(Status::running, program.stack({fake::kNotify, fake::kGoexit}));
  golang::Panic panic;
  panic.text = "no \x1b[31mbiscuit";
  panic.type = "main.failure";
  snapshot.panicking.push_back({.goroutine = dead, .panics = {panic}, .deferred = {}});
  snapshot.crash = golang::Crash{.kind = golang::Death::panic, .goroutine = dead};
}

TEST(Text, WhyItDiedComesFirst) {
  Builder program = shop();
  die(program);
  Options options;
  options.text.limit = 2;
  const std::string text = render(program, options);
  EXPECT_THAT(text, HasSubstr(R"(died of     panic: no \x1b[31mbiscuit (main.failure)
            main.(*server).notify  /src/shop/notify.go:88  goroutine 1212
)"));
  EXPECT_LT(text.find("RUNNING  running"), text.find("1,200  SUSPECT"));
}

TEST(Text, WhatAnotherProcessSentIsNoCrash) {
  Builder program = shop();
  target::SignalInfo signal;
  signal.number = 6;
  signal.sender = 77;
  program.snapshot.crash = golang::Crash{.signal = signal, .fromOutside = true};
  const std::string text = render(program);
  EXPECT_THAT(text, HasSubstr("core.1234, SIGABRT sent by process 77, 2025"));
  EXPECT_THAT(text, Not(HasSubstr("died of")));
}

TEST(Text, FitsTheWidth) {
  Builder program = shop();
  program.code.add(fake::kNotify,
                   "example.com/organisation/shop/internal/notifications.(*Dispatcher).notify",
                   "/home/somebody/src/example.com/organisation/shop/internal/notifications/"
                   "dispatcher.go",
                   188);
  for (const int width : {60, 80, 100, 160}) {
    Options options;
    options.style.width = width;
    std::istringstream lines(render(program, options));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(report::columns(line), static_cast<std::size_t>(width)) << line;
    }
  }
}

TEST(Text, PathsLoseTheirFrontNotTheirEnd) {
  Builder program = shop();
  program.code.add(fake::kNotify, "main.(*server).notify",
                   "/home/somebody/a/very/long/path/to/the/checkout/of/shop/internal/notify.go",
                   88);
  Options options;
  options.style.width = 80;
  const std::string text = render(program, options);
  EXPECT_THAT(text, HasSubstr("internal/notify.go:88"));
  EXPECT_THAT(text, HasSubstr(".../"));
}

TEST(Text, NothingFromTheTargetSteersTheTerminal) {
  Builder program;
  const std::string evil =
      "main.\x1b]0;owned\x07\n\xe2\x80\xae"
      "f\xff";
  program.code.add(fake::kNotify, evil, "/src/\x1b[2J.go", 1);
  program.sender(program.channel(0xc000, 0, 0, "\x1b[31mint"));
  report::TextStyle style;
  const std::string text = render(program);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\x07")));
  EXPECT_THAT(text, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_THAT(text, HasSubstr("\\x1b]0;owned\\x07\\n\\u202ef\\xff"));
  EXPECT_THAT(text, HasSubstr("chan \\x1b[31mint"));
}

TEST(Text, ColourOnlyWhenAsked) {
  Options options;
  EXPECT_THAT(render(shop(), options), Not(HasSubstr("\x1b[")));
  options.style.color = true;
  EXPECT_THAT(render(shop(), options), HasSubstr("\x1b[1;33mSUSPECT"));
}

TEST(Text, ColourDoesNotChangeTheWords) {
  Options options;
  options.style.width = 80;
  const std::string plain = render(shop(), options);
  options.style.color = true;
  const std::string colored = render(shop(), options);
  std::string stripped;
  for (std::size_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\x1b') {
      i = colored.find('m', i);
      continue;
    }
    stripped += colored[i];
  }
  EXPECT_EQ(stripped, plain);
}

TEST(Text, TheLimitNeverHidesAFindingBehindHealthyGroups) {
  Builder program = shop();
  program.blocked("chan receive (nil chan)", ReasonClass::chanReceiveNil,
                  program.stack({fake::kGopark, fake::kHandle}));
  program.wait(ObjectKind::nilChannel, WaitOp::receive);
  Options options;
  options.text.limit = 2;
  const std::string text = render(program, options);
  EXPECT_THAT(text, HasSubstr("PROVED   chan receive (nil chan)"));
  EXPECT_THAT(text, HasSubstr("2 more groups, 9 goroutines"));
  EXPECT_THAT(text, HasSubstr("parked report --all"));
}

TEST(Text, WhatIsLeftOutIsCountedByFindingsAndByGoroutines) {
  Builder program = shop();
  const auto stack = program.stack({fake::kGopark, fake::kHandle});
  for (int i = 0; i < 40; ++i) {
    program.blocked("chan receive (nil chan)", ReasonClass::chanReceiveNil, stack);
    program.wait(ObjectKind::nilChannel, WaitOp::receive);
  }
  Options options;
  options.text.limit = 1;
  EXPECT_THAT(render(program, options),
              HasSubstr("3 more groups, 49 goroutines, 40 of them leaked, 1 finding "));
}

TEST(Text, SystemGoroutinesOnRequest) {
  Options options;
  EXPECT_THAT(render(shop(), options), Not(HasSubstr("runtime.bgsweep")));
  options.text.system = true;
  EXPECT_THAT(render(shop(), options), HasSubstr("runtime.bgsweep"));
}

TEST(Text, WhatWasNotReadableIsInTheHeader) {
  Options options;
  options.incomplete.push_back({"stack", "stack memory is not in the core", 1234, 0xc000});
  EXPECT_THAT(render(shop(), options),
              HasSubstr("\nincomplete  1,234 x stack: stack memory is not in the core (first at "
                        "0xc000)\n"));
}

TEST(Text, ANewerGoIsSaid) {
  const Builder program = shop();
  const leak::Analysis analysis = program.analyse();
  report::TargetInfo info = target();
  info.newerGo = true;
  const auto report = report::makeReport(analysis, resources::broughtBy(nullptr), info, {}).value();
  std::string out;
  report::renderText(report, {}, {}, [&out](std::string_view text) {
    out += text;
    return true;
  });
  EXPECT_THAT(out, HasSubstr("go1.26.8 linux/amd64 (newer than this parked was checked against)"));
}

TEST(Text, NothingPassesTheFilters) {
  Options options;
  options.filters.push_back({true, query::Property::userLoc, "nowhere"});
  EXPECT_THAT(render(shop(), options), HasSubstr("no goroutine passes the filters"));
}

TEST(Text, AnEmptyProcess) {
  EXPECT_THAT(render(Builder()), HasSubstr("no goroutine could be read"));
}

TEST(Text, TimersByWhatTheyDo) {
  Builder program;
  program.code.add(0x3000, "main.(*cache).expire", "/src/shop/cache.go", 31);
  for (int i = 0; i < 100; ++i) {
    golang::Timer timer;
    timer.kind = golang::TimerKind::afterFunc;
    timer.callback = 0x3000;
    timer.when = fake::kNow + (3600 + i) * fake::kSecond;
    timer.stopped = i < 3;
    program.snapshot.timers.push_back(timer);
  }
  golang::Timer ticker;
  ticker.kind = golang::TimerKind::ticker;
  ticker.period = 1'500'000'000;
  ticker.when = fake::kNow - 1;
  program.snapshot.timers.push_back(ticker);
  const std::string text = render(program);
  EXPECT_THAT(text, HasSubstr("101 timers"));
  EXPECT_THAT(text, HasSubstr(" 100  AfterFunc          due in 1h to 1h1m, 3 stopped  "
                              "main.(*cache).expire  /src/shop/cache.go:30\n"
                              "   1  Ticker every 1.5s  due in 1.4s\n"));
}

TEST(Text, AbsurdTimerTimesDoNotOverflow) {
  Builder program;
  for (const std::int64_t when : {INT64_MIN, INT64_MAX, std::int64_t{0}}) {
    golang::Timer timer;
    timer.when = when;
    program.snapshot.timers.push_back(timer);
  }
  EXPECT_THAT(render(program), HasSubstr("3 timers"));
}

// --- the other commands

template <class Render>
std::string list(const Builder& program, Render renderer) {
  const leak::Analysis analysis = program.analyse();
  const auto report =
      report::makeReport(analysis, resources::broughtBy(nullptr), target(), {}).value();
  std::string out;
  renderer(report, [&out](std::string_view text) {
    out += text;
    return true;
  });
  return out;
}

TEST(Lists, GoroutinesAreCutAtTheLimit) {
  const std::string text = list(shop(), [](const report::Report& report, const report::Sink& sink) {
    report::renderGoroutines(report, 3, std::nullopt, {}, sink);
  });
  EXPECT_EQ(text,
            "1  WAITING  select (no cases)                  main.main  /src/shop/main.go:20\n"
            "2  SUSPECT  chan send          at least 41m    main.(*server).notify  "
            "/src/shop/notify.go:88\n"
            "3  SUSPECT  chan send          at least 41m    main.(*server).notify  "
            "/src/shop/notify.go:88\n"
            "1,208 more: parked goroutines --all\n");
}

TEST(Lists, ChannelsByWaiters) {
  const std::string text = list(shop(), [](const report::Report& report, const report::Sink& sink) {
    resources::sectionNamed("channels")->render(report, 1, {}, sink);
  });
  EXPECT_THAT(text,
              testing::StartsWith("chan int 0xd000 unbuffered, open, no senders, 8 receiver"));
  EXPECT_THAT(text, HasSubstr("    goroutine 1202 (receive), goroutine 1203 (receive), goroutine "
                              "1204 (receive), ...\n"));
  EXPECT_THAT(text, HasSubstr("1,200 more: parked channels --all"));
}

TEST(Lists, AChannelWithItsQueues) {
  const Builder program = shop();
  const std::string text =
      list(program, [](const report::Report& report, const report::Sink& sink) {
        report::renderChannel(report, 1200, 2, {}, sink);
      });
  EXPECT_THAT(text, HasSubstr("receivers  8\n1202  WAITING  chan receive"));
  EXPECT_THAT(text, HasSubstr("6 more: parked channel 0xd000 --all"));
}

TEST(Lists, OneGoroutineInFull) {
  Builder program = shop();
  program.snapshot.labelSets.push_back({{{"user", "42"}, {"path", "/pay"}}});
  golang::Goroutine& worker = program.snapshot.goroutines[1201];
  worker.labels = 0;
  worker.parentId = 1;
  const std::string text =
      list(program, [](const report::Report& report, const report::Sink& sink) {
        report::renderGoroutine(report, 1201, 0, {}, sink);
      });
  EXPECT_THAT(text, testing::StartsWith("goroutine 1202  WAITING  chan receive  at least 2m\n"));
  EXPECT_THAT(text, HasSubstr("waits on    receive chan int 0xd000"));
  EXPECT_THAT(text, HasSubstr("7 also in receive: goroutines 1203, 1204, 1205, 1206, 1207, ..."));
  EXPECT_THAT(text, HasSubstr("labels      user=42, path=/pay"));
  EXPECT_THAT(text, HasSubstr("in goroutine 1\n"));
}

TEST(Lists, EveryCaseOfASelectHasItsCompanions) {
  Builder program;
  const auto results = program.channel(0xc000), quit = program.channel(0xd000);
  program.blocked("select", ReasonClass::select, program.stack({fake::kGopark, fake::kHandle}));
  program.wait(ObjectKind::channel, WaitOp::receive, results).inSelect = true;
  program.wait(ObjectKind::channel, WaitOp::send, quit).inSelect = true;
  program.sender(results);
  for (int i = 0; i < 2; ++i) program.receiver(quit);
  const std::string text =
      list(program, [](const report::Report& report, const report::Sink& sink) {
        report::renderGoroutine(report, 0, 0, {}, sink);
      });
  EXPECT_THAT(text, testing::ContainsRegex("receive chan int 0xc000 [^\n]*\n *1 also in send: "
                                           "goroutine 2\n *case: send chan int 0xd000 [^\n]*\n "
                                           "*2 also in receive: goroutines 3, 4\n"));
}

TEST(Findings, AGroupKeepsItsOwnWhenOthersAreQuieted) {
  Builder program = shop();
  program.blocked("chan receive (nil chan)", ReasonClass::chanReceiveNil,
                  program.stack({fake::kGopark, fake::kHandle}));
  program.wait(ObjectKind::nilChannel, WaitOp::receive);
  const leak::Analysis analysis = program.analyse();
  auto report = report::makeReport(analysis, resources::broughtBy(nullptr), target(), {}).value();
  const auto rulesOf = [&report] {
    std::string names;
    for (const leak::Group& group : report.grouping.groups) {
      const rules::Finding* finding = report::findingOf(report, group);
      if (finding != nullptr) names += std::string(rules::ruleOf(finding->rule).name) + " ";
    }
    return names;
  };
  EXPECT_EQ(rulesOf(), "PK005 PK001 ");
  report::applyAllowList(report, query::AllowList::parse("IgnoreRule PK005", "known").value());
  EXPECT_EQ(rulesOf(), "PK001 ");
}

TEST(Lists, AParentChainThatIsACycleEnds) {
  Builder program = shop();
  program.snapshot.goroutines[1].parentId = 3;
  program.snapshot.goroutines[2].parentId = 2;
  const std::string text =
      list(program, [](const report::Report& report, const report::Sink& sink) {
        report::renderGoroutine(report, 1, 0, {}, sink);
      });
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 40);
}

TEST(Lists, Locks) {
  Builder program;
  const auto lock = program.lock(ObjectKind::mutex, 0xc000);
  program.snapshot.locks[lock].mutexLocked = true;
  program.blocked("sync.Mutex.Lock", ReasonClass::mutexLock, golang::kNone);
  program.wait(ObjectKind::mutex, WaitOp::lock, lock);
  const std::string text =
      list(program, [](const report::Report& report, const report::Sink& sink) {
        resources::sectionNamed("locks")->render(report, 0, {}, sink);
      });
  EXPECT_EQ(text, "sync.Mutex 0xc000 locked, 1 waiting\n    waiting  goroutine 1 (lock)\n");
}

// --- pieces

TEST(Escape, KeepsWhatIsHarmless) {
  EXPECT_EQ(report::escape("main.(*Größe).日本"), "main.(*Größe).日本");
  EXPECT_EQ(report::escape(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(report::escape("\xc2\x9b"), "\\u009b");              // C1: CSI in one byte
  EXPECT_EQ(report::escape("\xc0\x9b"), "\\xc0\\x9b");           // overlong
  EXPECT_EQ(report::escape("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(report::escape("\xe2\x82"), "\\xe2\\x82");           // cut off
  const std::string once = report::escape("\x1b\xe2\x80\xae");
  EXPECT_EQ(report::escape(once), once);
}

TEST(Cut, FrontAndBack) {
  EXPECT_EQ(report::cutFront("/a/b/c.go:1", 20), "/a/b/c.go:1");
  EXPECT_EQ(report::cutFront("/home/me/src/shop/internal/db.go:41", 22), ".../internal/db.go:41");
  EXPECT_EQ(report::cutFront("日本日本日本日本", 7), "...日本");
  EXPECT_EQ(report::cutFront("日本日本日本日本", 6), "...本");
  EXPECT_EQ(report::cutBack("日本日本日本日本", 6), "日...");
  EXPECT_EQ(report::cutBack("abcdefgh", 6), "abc...");
  EXPECT_EQ(report::cutBack("abcdefgh", 2), "ab");
  EXPECT_EQ(report::cutFront("abcdefgh", 0), "");
}

/// Receivers in functions of a library or of the program, with who calls those.
std::string receivers(const std::vector<std::vector<Addr>>& stacks) {
  Builder program;
  program.code.builtOf.push_back({.path = "example.org/queue", .version = "v1"});
  program.code.add(0x7000, "example.org/queue.(*Queue).Take", "/q.go", 21);
  program.code.add(0x7001, "main.take", "/src/shop/take.go", 5);
  program.code.add(0x7002, "main.list", "/src/shop/orders.go", 46);
  program.code.add(0x7003, "main.show", "/src/shop/orders.go", 58);
  const auto channel = program.channel(0xc000);
  for (const std::vector<Addr>& frames : stacks) {
    program.blocked("chan receive", ReasonClass::chanReceive, program.stack(frames)).creatorPc = 0;
    program.wait(ObjectKind::channel, WaitOp::receive, channel);
  }
  return render(program);
}

TEST(Text, TheUsersLineAndTheLibrarys) {
  const std::string text =
      receivers({{fake::kGopark, 0x7000, 0x7002}, {fake::kGopark, 0x7000, 0x7003}});
  EXPECT_THAT(text, HasSubstr("    at          main.list  /src/shop/orders.go:46\n"
                              "    in          example.org/queue.(*Queue).Take  /q.go:21\n"));
  EXPECT_THAT(text, HasSubstr("    at          main.show  /src/shop/orders.go:58\n"
                              "    in          example.org/queue.(*Queue).Take  /q.go:21\n"));
  EXPECT_THAT(text, Not(HasSubstr("called from")));
}

TEST(Text, GroupsThatReadAlikeAreToldApart) {
  const std::string text =
      receivers({{fake::kGopark, 0x7001, 0x7002}, {fake::kGopark, 0x7001, 0x7003}});
  EXPECT_THAT(text, HasSubstr("    at          main.take  /src/shop/take.go:5\n"
                              "    called from main.list  /src/shop/orders.go:46\n"));
  EXPECT_THAT(text, HasSubstr("    at          main.take  /src/shop/take.go:5\n"
                              "    called from main.show  /src/shop/orders.go:58\n"));
}

TEST(Text, GroupsThatPartBelowTheUsersLine) {
  const std::string text =
      receivers({{fake::kGopark, 0x7000, 0x7002}, {fake::kGopark, 0x7000, fake::kNetRead, 0x7002}});
  EXPECT_THAT(text, HasSubstr("    by way of   net.(*conn).Read "));
  EXPECT_EQ(text.find("by way of"), text.rfind("by way of")) << "the other has nothing more";
}

TEST(Fitting, ColumnsAreThoseOfATerminal) {
  EXPECT_EQ(report::columns("main.f"), 6U);
  EXPECT_EQ(report::columns("main.日本"), 9U);
  EXPECT_EQ(report::columns("\U0001F680x"), 3U);  // a rocket
  EXPECT_EQ(report::columns("e\u0301x"), 2U);     // an accent on the e
  EXPECT_EQ(report::columns("\xff\xfe"), 2U);     // broken
  EXPECT_EQ(report::padded("日本", 6), "日本  ");
  EXPECT_EQ(report::padded("abcdefg", 6), "abcdefg");
  EXPECT_EQ(report::fitting("日本x", 3), 3U);
  EXPECT_EQ(report::fitting("e\u0301x", 1), 3U);  // with its accent
  EXPECT_EQ(report::cutFront("abcdefe\u0301xyz", 6), "...xyz");
}

/// The column in which what follows the first place of `word` stands, of each line that has it.
std::vector<std::size_t> columnsOf(const std::string& text, std::string_view word) {
  std::vector<std::size_t> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find(word);
    if (at != std::string::npos)
      all.push_back(report::columns(std::string_view(line).substr(0, at)));
  }
  return all;
}

TEST(Lists, WideNamesDoNotMoveTheColumnsBehindThem) {
  Builder program;
  for (const char* reason : {"chan receive", "等待", "\U0001F680 wait", "cafe\u0301"}) {
    program.blocked(reason, ReasonClass::other,
                    program.stack({fake::kGopark, fake::kWorker, fake::kGoexit}), 5 * kMinute);
  }
  const leak::Analysis analysis = program.analyse();
  const auto report =
      report::makeReport(analysis, resources::broughtBy(nullptr), target(), {}).value();
  std::string text;
  report::renderGoroutines(report, 0, std::nullopt, {}, [&text](std::string_view more) {
    text += more;
    return true;
  });
  const auto places = columnsOf(text, "at least 5m");
  ASSERT_EQ(places.size(), 4U) << text;
  EXPECT_THAT(places, testing::Each(places.front())) << text;
}

}  // namespace
}  // namespace parked
