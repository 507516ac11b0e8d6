// The JSON renderers on snapshots made by hand: what is null and what is absent, text that fights
// back, numbers at the ends of their range.

#include <algorithm>
#include <cstdint>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "../leak/fake_program.h"
#include "documents.h"
#include "report/watch.h"
#include "resources/resources.h"

namespace parked {
namespace {

using fake::Builder;
using fake::kMinute;
using fake::kNow;
using fake::ObjectKind;
using fake::ReasonClass;
using fake::Status;
using fake::WaitOp;
using nlohmann::json;
using testing::ElementsAre;

struct Options {
  report::TargetInfo target;
  report::Members members;  ///< none: of the whole report
  std::uint64_t limit = 0;
  std::vector<Incomplete> incomplete;
  std::vector<query::Filter> filters;
  query::GroupBy groupBy;
};

report::Members membersOf(const Options& options) {
  if (options.members) return options.members;
  return [limit = options.limit](report::Document& made) { report::addReport(made, limit); };
}

std::string document(const Builder& program, const Options& options = {}) {
  const leak::Analysis analysis = program.analyse();
  const auto report = report::makeReport(analysis, resources::broughtBy(nullptr), options.target,
                                         options.incomplete, options.filters, options.groupBy)
                          .value();
  return report::written(report, "json", membersOf(options));
}

std::vector<json> lines(const Builder& program, const Options& options = {}) {
  const leak::Analysis analysis = program.analyse();
  const auto report = report::makeReport(analysis, resources::broughtBy(nullptr), options.target,
                                         options.incomplete, options.filters)
                          .value();
  std::stringstream out(report::written(report, "jsonl", membersOf(options)));
  std::vector<json> all;
  for (std::string line; std::getline(out, line);) all.push_back(json::parse(line));
  return all;
}

json parsed(const Builder& program, const Options& options = {}) {
  return json::parse(document(program, options));
}

TEST(Json, OneBlockedSender) {
  Builder program;
  golang::Goroutine& made = program.sender(program.channel(0xc000123456, 2, 2), 41 * kMinute);
  made.id = 2;  // main has no creator
  made.address = 0xc000001000;
  const json all = parsed(program);
  EXPECT_EQ(all["schema"], "parked/1");
  EXPECT_EQ(all["selection"],
            json::parse(R"({"filtered":false,"goroutines":1,"listed":1,"quieted":0})"));
  EXPECT_EQ(all["incomplete"], json::array());
  const json& g = all["goroutines"].at(0);
  EXPECT_EQ(g["id"], 2);
  EXPECT_EQ(g["address"], "0xc000001000");
  EXPECT_EQ(g["status"], "waiting");
  EXPECT_EQ(g["reason"], "chan send");
  EXPECT_EQ(g["verdict"], "WAITING");
  EXPECT_EQ(g["wait_ns_at_least"], 41 * kMinute);
  EXPECT_EQ(g["user_frame"], json::parse(R"({"func":"main.(*server).notify",
                                             "file":"/src/shop/notify.go","line":88,
                                             "instance":null})"));
  EXPECT_EQ(g["user_frame_of"], "main_module");
  EXPECT_EQ(g["library_frame"], nullptr);
  EXPECT_EQ(g["in_c"], false);
  EXPECT_EQ(g["created_by"]["func"], "main.(*server).handle");
  EXPECT_EQ(g["created_by"]["goroutine"], nullptr);
  EXPECT_EQ(g["frames"].size(), 4U);
  EXPECT_EQ(g["frames"][1], json::parse(R"({"func":"runtime.chansend1",
      "file":"/usr/local/go/src/runtime/chan.go","line":157,"pc":"0x1010","inlined":false,
      "wrapper":false})"));
  EXPECT_EQ(g["waiting_on"], json::parse(R"([{"kind":"channel","address":"0xc000123456",
      "op":"send","queued":true,"element_type":"int","element_size":8,"cap":2,"len":2,
      "closed":false,"senders":1,"receivers":0,"queues_complete":true,"timer":null}])"));
  EXPECT_EQ(g["group"], 0);
  const json& group = all["groups"].at(0);
  EXPECT_EQ(group["goroutines"], json::array({2}));
  EXPECT_EQ(group["frames"], g["frames"]);
  EXPECT_EQ(group["key"], nullptr);
}

TEST(Json, WhatIsNotKnownIsNull) {
  Builder program;
  program.snapshot.clock = {};
  golang::Goroutine& g = program.goroutine(Status::running, golang::kNone, 0, 0);
  g.parentId = 0;
  golang::Timer timer;
  timer.address = 0xc000;
  timer.when = 77;
  program.snapshot.timers.push_back(timer);
  const json all = parsed(program);
  for (const char* name : {"program", "path", "main_package", "source", "pid", "signal",
                           "go_version", "taken_at", "pause_ns", "uptime_ns"}) {
    EXPECT_EQ(all["target"].at(name), nullptr) << name;
  }
  for (const char* name :
       {"reason", "known_as", "wait_ns_at_least", "thread", "synctest_bubble", "start_func",
        "created_by", "user_frame", "user_frame_of", "library_frame"}) {
    EXPECT_EQ(all["goroutines"][0].at(name), nullptr) << name;
  }
  EXPECT_EQ(all["goroutines"][0]["frames"], json::array());
  EXPECT_EQ(all["goroutines"][0]["stack_complete"], false);
  EXPECT_EQ(all["goroutines"][0]["waiting_on"], json::array());
  EXPECT_EQ(all["goroutines"][0]["labels"], json::object());
  for (const char* name : {"p", "due_in_ns", "period_ns", "callback", "channel", "goroutine"}) {
    EXPECT_EQ(all["timers"][0].at(name), nullptr) << name;
  }
}

TEST(Json, Target) {
  Options options;
  options.target.executable = "/srv/shop/api";
  options.target.signal = 6;
  options.target.takenAt = 1'763'860'364'000'000'005;
  options.target.pid = 7;
  options.target.pause = std::chrono::milliseconds(3);
  const json core = parsed(Builder(), options)["target"];
  EXPECT_EQ(core["program"], "api");
  EXPECT_EQ(core["path"], "/srv/shop/api");
  EXPECT_EQ(core["signal"], "SIGABRT");
  EXPECT_EQ(core["taken_at"], "2025-11-23T01:12:44.000000005Z");
  EXPECT_EQ(core["pause_ns"], nullptr) << "a core was never stopped";
  options.target.kind = target::Kind::liveStopped;
  options.target.takenAt = -1;
  const json live = parsed(Builder(), options)["target"];
  options.target.pause = {};
  EXPECT_EQ(parsed(Builder(), options)["target"]["pause_ns"], nullptr) << "a debugger stopped it";
  EXPECT_EQ(live["kind"], "live");
  EXPECT_EQ(live["pause_ns"], 3'000'000);
  EXPECT_EQ(live["taken_at"], "1969-12-31T23:59:59.999999999Z");
}

TEST(WatchJson, ThePauseIsTheReports) {
  Builder program;
  program.sender(program.channel(0xc000));
  const leak::Analysis analysis = program.analyse();
  leak::History history;
  const std::vector<golang::Index> all = {0};
  history.add(analysis, all, kNow);
  report::WatchView view;
  view.history = &history;
  const auto pause = [&view] {
    std::string out;
    report::renderWatchJson(view, 0, [&out](std::string_view text) {
      out += text;
      return true;
    });
    return json::parse(out)["pause_ns"];
  };
  view.target.kind = target::Kind::liveUnstopped;
  EXPECT_EQ(pause(), nullptr);
  view.target.kind = target::Kind::liveStopped;
  EXPECT_EQ(pause(), nullptr);
  view.target.pause = std::chrono::milliseconds(3);
  EXPECT_EQ(pause(), 3'000'000);
}

TEST(Json, TextOfTheTargetIsDataOnly) {
  Builder program;
  const std::string evil = "main.\x1b]0;owned\x07\"\\\n\x7f\xc2\x9b\xe2\x80\xae</script>";
  const std::string broken = "a\xff\xc3(\xed\xa0\x80z";
  const std::string file = "/src/" + evil;  // the code keeps views
  program.code.add(fake::kNotify, evil, file, 1);
  golang::Goroutine& g = program.sender(program.channel(0xc000, 0, 0, evil));
  g.labels = 0;
  program.snapshot.labelSets.push_back({{{evil, broken}, {"", ""}}});
  Options options;
  options.target.executable = "/tmp/" + evil;
  options.incomplete = {{evil, broken, 1, 0}};
  const std::string text = document(program, options);
  EXPECT_TRUE(
      std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  const json all = json::parse(text);
  EXPECT_EQ(all["goroutines"][0]["user_frame"]["func"], evil);
  EXPECT_EQ(all["goroutines"][0]["waiting_on"][0]["element_type"], evil);
  const std::string labelled = all["goroutines"][0]["labels"][evil];
  EXPECT_TRUE(labelled.starts_with("a\xef\xbf\xbd") && labelled.ends_with("z")) << labelled;
  EXPECT_EQ(all["goroutines"][0]["labels"][""], "");
  EXPECT_EQ(all["target"]["path"], "/tmp/" + evil);
  EXPECT_EQ(all["incomplete"][0]["what"], evil);
}

TEST(Json, SelectsNameTheirCases) {
  Builder program;
  const auto first = program.channel(0xc000), second = program.channel(0xd000);
  program.blocked("select", ReasonClass::select, program.stack({fake::kGopark, fake::kWorker}));
  for (const auto& [object, op, index] :
       {std::tuple{first, WaitOp::send, 1}, std::tuple{second, WaitOp::receive, -1}}) {
    golang::Wait& wait = program.wait(ObjectKind::channel, op, object);
    wait.inSelect = true;
    wait.caseIndex = static_cast<std::int16_t>(index);
  }
  const json waits = parsed(program)["goroutines"][0]["waiting_on"];
  ASSERT_EQ(waits.size(), 2U);
  EXPECT_EQ(waits[0]["select_case"], 1);
  EXPECT_EQ(waits[0]["op"], "send");
  EXPECT_EQ(waits[1]["select_case"], nullptr);
  EXPECT_EQ(waits[1]["address"], "0xd000");
}

TEST(Json, LocksHaveTheStateOfTheirKind) {
  Builder program;
  const auto stack = program.stack({fake::kGopark, fake::kWorker});
  const auto add = [&](ObjectKind kind, Addr address) {
    program.blocked("semacquire", ReasonClass::semacquire, stack);
    const auto lock = program.lock(kind, address);
    program.wait(kind, WaitOp::lock, lock);
    return lock;
  };
  program.snapshot.locks.reserve(8);
  program.snapshot.locks[add(ObjectKind::mutex, 0x10)].mutexLocked = true;
  program.snapshot.locks[add(ObjectKind::waitGroup, 0x20)].counter = -3;
  program.snapshot.locks[add(ObjectKind::rwMutex, 0x30)].decoded = false;
  const json all = parsed(program);
  const auto wait = [&](int i) { return all["goroutines"][i]["waiting_on"][0]; };
  EXPECT_EQ(wait(0)["locked"], true);
  EXPECT_EQ(wait(0)["waiters"], 1);
  EXPECT_FALSE(wait(0).contains("counter"));
  EXPECT_EQ(wait(1)["counter"], -3);
  EXPECT_FALSE(wait(1).contains("locked"));
  EXPECT_EQ(wait(2)["decoded"], false);
  EXPECT_FALSE(wait(2).contains("readers"));

  Options options;
  options.members = report::membersOf({"channels", "locks"});
  const json lists = parsed(program, options);
  EXPECT_FALSE(lists.contains("goroutines") || lists.contains("timers"));
  EXPECT_FALSE(lists.contains("selection"));
  EXPECT_EQ(lists["locks"].size(), 3U);
  EXPECT_EQ(lists["locks"][1], json::parse(R"({"kind":"wait_group","address":"0x20","waiters":1,
                                               "decoded":true,"counter":-3,"group_waiters":0,"holders":[]})"));
  EXPECT_EQ(lists["channels"], json::array());
}

TEST(Json, TimesOfADamagedTarget) {
  Builder program;
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t when : {kMin, kMax, kNow - 5, kNow + 5}) {
    golang::Timer timer;
    timer.address = 0xc000;
    timer.when = when;
    timer.goroutine = 12345;  // of no goroutine
    program.snapshot.timers.push_back(timer);
  }
  const json timers = parsed(program)["timers"];
  EXPECT_EQ(timers[0]["due_in_ns"], kMin);
  EXPECT_EQ(timers[1]["due_in_ns"], kMax - kNow);
  EXPECT_EQ(timers[2]["due_in_ns"], -5);
  EXPECT_EQ(timers[3]["due_in_ns"], 5);
  EXPECT_EQ(timers[0]["goroutine"], nullptr);
}

TEST(Json, DeadlinesOfDescriptors) {
  Builder program;
  const auto stack = program.stack({fake::kGopark, fake::kPollWait, fake::kNetRead});
  for (const std::int64_t deadline : {std::int64_t{0}, std::int64_t{-1}, kNow + 9}) {
    golang::PollFd fd;
    fd.fd = 12;
    fd.readDeadline = deadline;
    program.snapshot.fds.push_back(fd);
    program.blocked("IO wait", ReasonClass::ioWait, stack);
    program.wait(ObjectKind::fd, WaitOp::read,
                 static_cast<golang::Index>(program.snapshot.fds.size() - 1));
  }
  const json all = parsed(program)["goroutines"];
  EXPECT_EQ(all[0]["waiting_on"][0]["fd"], 12);
  EXPECT_EQ(all[0]["waiting_on"][0]["deadline_in_ns"], nullptr);
  EXPECT_EQ(all[1]["waiting_on"][0]["deadline_in_ns"], 0);
  EXPECT_EQ(all[2]["waiting_on"][0]["deadline_in_ns"], 9);
}

/// Three senders, two receivers of one channel.
Builder queue() {
  Builder program;
  for (int i = 0; i < 3; ++i) program.sender(program.channel(0xc000 + 0x100U * i));
  const auto jobs = program.channel(0xd000);
  for (int i = 0; i < 2; ++i) program.receiver(jobs);
  return program;
}

TEST(Json, GroupsAndGoroutinesNameEachOther) {
  const json all = parsed(queue());
  ASSERT_EQ(all["groups"].size(), 2U);
  EXPECT_EQ(all["groups"][0]["goroutines"], json::array({1, 2, 3}));
  EXPECT_EQ(all["groups"][0]["objects"], 3);
  EXPECT_EQ(all["groups"][1]["goroutines"], json::array({4, 5}));
  for (const json& group : all["groups"]) {
    for (const json& id : group["goroutines"]) {
      EXPECT_EQ(all["goroutines"][id.get<int>() - 1]["group"], group["index"]);
    }
  }
}

TEST(Json, GroupsByAKeySayIt) {
  Options options;
  options.groupBy.byStack = false;
  options.groupBy.property = query::Property::reason;
  const json all = parsed(queue(), options);
  ASSERT_EQ(all["groups"].size(), 2U);
  EXPECT_EQ(all["groups"][0]["key"], "chan send");
  EXPECT_EQ(all["groups"][1]["key"], "chan receive");
}

TEST(Json, LimitAndFiltersAreTold) {
  Options options;
  options.limit = 1;
  options.filters = {{true, query::Property::reason, "send"}};
  const json all = parsed(queue(), options);
  EXPECT_EQ(all["selection"],
            json::parse(R"({"filtered":true,"goroutines":3,"listed":1,"quieted":0})"));
  EXPECT_EQ(all["goroutines"].size(), 1U);
  EXPECT_EQ(all["groups"].size(), 1U);
  EXPECT_EQ(all["target"]["goroutines"]["total"], 5) << "the target's own numbers";
}

TEST(JsonLines, AreTheObjectsOfTheDocument) {
  Options options;
  options.incomplete = {{"stack", "not in the core", 3, 0xc000}};
  const json all = parsed(queue(), options);
  const std::vector<json> stream = lines(queue(), options);
  std::vector<std::string> types;
  json goroutines = json::array(), groups = json::array();
  for (json line : stream) {
    types.push_back(line["type"]);
    line.erase("type");
    if (types.back() == "goroutine") goroutines.push_back(line);
    if (types.back() == "group") groups.push_back(line);
    if (types.back() == "target") {
      EXPECT_EQ(line, all["target"]);
    }
    if (types.back() == "incomplete") {
      EXPECT_EQ(line, all["incomplete"][0]);
    }
    if (types.back() == "end") {
      EXPECT_EQ(line["incomplete"], true);
    }
  }
  EXPECT_EQ(goroutines, all["goroutines"]);
  EXPECT_EQ(groups, all["groups"]);
  EXPECT_THAT(
      types, ElementsAre("schema", "target", "selection", "goroutine", "goroutine", "goroutine",
                         "goroutine", "goroutine", "group", "group", "proof", "incomplete", "end"));
}

TEST(Json, IsWrittenAsItIsMade) {
  Builder program;
  for (int i = 0; i < 5000; ++i) program.sender(program.channel(0xc000 + 0x100U * i));
  const leak::Analysis analysis = program.analyse();
  const auto report = report::makeReport(analysis, resources::broughtBy(nullptr), {}, {}).value();
  std::size_t total = 0, largest = 0;
  report::write(report, "json", membersOf({}), [&](std::string_view text) {
    total += text.size();
    largest = std::max(largest, text.size());
    return true;
  });
  EXPECT_GT(total, 4'000'000U);
  EXPECT_LT(largest, 200'000U);
}

TEST(Json, IsNotMadeWhenNoMoreIsWanted) {
  Builder program;
  for (int i = 0; i < 5000; ++i) program.sender(program.channel(0xc000 + 0x100U * i));
  const leak::Analysis analysis = program.analyse();
  const auto report = report::makeReport(analysis, resources::broughtBy(nullptr), {}, {}).value();
  int pieces = 0;
  report::write(report, "json", membersOf({}), [&](std::string_view) { return ++pieces < 3; });
  EXPECT_EQ(pieces, 3);
}

}  // namespace
}  // namespace parked
