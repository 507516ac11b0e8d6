// Pools of net/http and database/sql and descriptors as text and JSON, over resources made by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "../leak/fake_program.h"
#include "documents.h"
#include "resources/files/model.h"
#include "resources/http/model.h"
#include "resources/resources.h"
#include "resources/sql/model.h"

namespace parked {
namespace {

using fake::Builder;
using fake::kNow;
using fake::kSecond;
using nlohmann::json;
using resources::FileKind;
using testing::HasSubstr;
using testing::Not;

struct Shown {
  std::string text;
  json document;
};

Shown show(const Builder& program, const resources::Resources& resources, std::string_view name,
           std::uint64_t limit = 0) {
  const leak::Analysis analysis = program.analyse();
  const auto report =
      report::makeReport(analysis, parked::resources::broughtBy(&resources), {}, {}).value();
  Shown shown;
  resources::sectionNamed(name)->render(report, limit, {}, [&](std::string_view text) {
    shown.text += text;
    return true;
  });
  shown.document =
      json::parse(report::written(report, "json", report::membersOf({"sql", "files"}, limit)));
  return shown;
}

Builder twoGoroutines() {
  Builder program;
  const auto stack = program.stack({fake::kGopark, fake::kNotify, fake::kGoexit});
  program.blocked("select", golang::ReasonClass::select, stack, 5 * kSecond);
  program.blocked("IO wait", golang::ReasonClass::ioWait, stack, 7 * kSecond);
  return program;
}

const json kNotifyPlace = {{"func", "main.(*server).notify"},
                           {"file", "/src/shop/notify.go"},
                           {"line", 88},
                           {"instance", nullptr}};

/// One connection of one, which goroutine 2 has for a transaction; goroutine 1 is its context's.
resources::SqlDb exhausted() {
  resources::SqlDb db;
  db.address = 0xc000001000;
  db.driver = "*mysql.MySQLDriver";
  db.open = 1;
  db.inUse = 1;
  db.maxOpen = 1;
  db.waitCount = 4;
  db.opener = 0;
  db.openedBy = 99;
  resources::SqlConn conn;
  conn.address = 0xc000002000;
  conn.driverType = "*mysql.mysqlConn";
  conn.inUse = true;
  conn.returnedAt = kNow - 3 * kSecond;
  conn.use = resources::SqlUse::tx;
  conn.user = 0xc000003000;
  conn.waiter = 0;
  conn.goroutine = 1;
  conn.openedBy = 98;
  db.conns.push_back(conn);
  db.waiters.push_back(1);
  return db;
}

TEST(Sql, TellsAConnectionAndItsWaiters) {
  resources::Resources resources;
  resources.parts.make<resources::Sql>().databases.push_back(exhausted());
  const Shown shown = show(twoGoroutines(), resources, "sql");
  EXPECT_THAT(shown.text, HasSubstr("1 open, 1 in use, 0 idle, at most 1, 1 waiting (4 waits so "
                                    "far), opened by goroutine 99, its connectionOpener is "
                                    "goroutine 1\n"));
  EXPECT_THAT(shown.text, HasSubstr("in use for at most 3s by Tx 0xc000003000, goroutine 2 has it, "
                                    "goroutine 1 waits for its context, opened by goroutine 98\n"));
  EXPECT_THAT(shown.text, HasSubstr("waiting: goroutine 2 for at least 7s  main.(*server).notify"));
  EXPECT_EQ(
      shown.document["sql"],
      json::array(
          {{{"address", "0xc000001000"},
            {"driver", "*mysql.MySQLDriver"},
            {"open", 1},
            {"in_use", 1},
            {"idle", 0},
            {"max_open", 1},
            {"wait_count", 4},
            {"closed", false},
            {"opener", 1},
            {"opened_by", 99},
            {"connections",
             {{{"address", "0xc000002000"},
               {"driver_type", "*mysql.mysqlConn"},
               {"in_use", true},
               {"since_ns_at_most", 3 * kSecond},
               {"used_by", "Tx"},
               {"user", "0xc000003000"},
               {"held_by", nullptr},
               {"goroutine", 2},
               {"place", kNotifyPlace},
               {"context_waiter", 1},
               {"opened_by", 98},
               {"nobody_can_return", false},
               {"only_context_returns", false}}}},
            {"waiters",
             {{{"goroutine", 2}, {"wait_ns_at_least", 7 * kSecond}, {"place", kNotifyPlace}}}}}}));
}

TEST(Sql, WhatIsNotKnownIsNull) {
  resources::Resources resources;
  resources::SqlDb db;
  db.maxOpen = -1;
  db.conns.emplace_back().returnedAt = kNow + kSecond;  // a clock that is behind
  db.conns.emplace_back().returnedAt = std::numeric_limits<std::int64_t>::min();
  resources.parts.make<resources::Sql>().databases.push_back(db);
  const Shown shown = show(twoGoroutines(), resources, "sql");
  const json pool = shown.document["sql"][0];
  for (const char* name : {"address", "driver", "max_open", "opener", "opened_by"}) {
    EXPECT_TRUE(pool[name].is_null() || pool[name] == "0x0") << name;
  }
  for (const char* name : {"driver_type", "since_ns_at_most", "used_by", "user", "held_by",
                           "goroutine", "place", "context_waiter", "opened_by"}) {
    EXPECT_TRUE(pool["connections"][0][name].is_null()) << name;
  }
  EXPECT_THAT(shown.text, HasSubstr("no limit"));
}

TEST(Http, TimesWhoseDifferenceIsNoNumber) {
  resources::Resources resources;
  auto& transport = resources.parts.make<resources::Http>().transports.emplace_back();
  transport.connections = {0};
  transport.hosts.emplace_back();
  resources::HttpConnection& connection =
      resources.parts.make<resources::Http>().connections.emplace_back();
  connection.transport = 0;
  connection.state = resources::HttpState::idle;
  connection.idleSince = std::numeric_limits<std::int64_t>::min();
  const Shown shown = show(twoGoroutines(), resources, "http");
  EXPECT_THAT(shown.text, HasSubstr("idle for 106751d"));
}

TEST(Http, EveryHostHasItsOwnConnections) {
  resources::Resources resources;
  auto& transport = resources.parts.make<resources::Http>().transports.emplace_back();
  for (const char* name : {"a:80", "b:80"}) {
    auto& host = transport.hosts.emplace_back();
    host.scheme = "http";
    host.host = name;
  }
  const auto connect = [&](const char* host, resources::HttpState state) {
    transport.connections.push_back(
        static_cast<golang::Index>(resources.parts.make<resources::Http>().connections.size()));
    resources::HttpConnection& connection =
        resources.parts.make<resources::Http>().connections.emplace_back();
    connection.transport = 0;
    connection.scheme = "http";
    connection.host = host;
    connection.state = state;
  };
  connect("a:80", resources::HttpState::idle);
  connect("b:80", resources::HttpState::waiting);
  connect("a:80", resources::HttpState::bodyOpen);
  const Shown shown = show(twoGoroutines(), resources, "http");
  EXPECT_THAT(shown.text, HasSubstr("  http://a:80  0 idle, 0 in use, 0 being dialled\n"
                                    "    body not closed\n"
                                    "    idle\n"
                                    "  http://b:80  0 idle, 0 in use, 0 being dialled\n"
                                    "    waiting for the response\n"));
}

TEST(Sql, LimitBoundsWhatIsListed) {
  resources::Resources resources;
  resources.parts.make<resources::Sql>().databases.resize(3);
  resources.parts.make<resources::Sql>().databases[0].conns.resize(5);
  const Shown shown = show(twoGoroutines(), resources, "sql", 2);
  EXPECT_EQ(shown.document["sql"].size(), 2U);
}

resources::OpenFile& add(resources::Resources& resources, std::int64_t fd, FileKind kind) {
  resources::OpenFile& file = resources.parts.make<resources::Files>().all.emplace_back();
  file.fd = fd;
  file.kind = kind;
  return file;
}

TEST(Files, TellsWhoWaitsAndUntilWhen) {
  resources::Resources resources;
  add(resources, 3, FileKind::file).name = "/tmp/a\x1b[31m";
  resources.parts.make<resources::Files>().all.back().reachable = false;
  auto& connection = add(resources, 4, FileKind::network);
  connection.object = 0xc000001000;
  connection.network = "tcp";
  connection.local = "127.0.0.1:1";
  connection.remote = "127.0.0.1:2";
  connection.reader = 1;
  connection.readDeadline = kNow + 5 * kSecond;
  connection.writer = 0;
  connection.writeDeadline = -1;
  add(resources, 5, FileKind::raw).name = "anon_inode:[eventpoll]";
  auto& held = add(resources, 6, FileKind::file);  // without a name
  held.reachable = false;
  held.holders = {1, 0};
  held.moreHolders = true;
  const Shown shown = show(twoGoroutines(), resources, "files");
  EXPECT_THAT(shown.text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(shown.text, HasSubstr("nobody has it any more: a finalizer will close it"));
  EXPECT_THAT(shown.text, HasSubstr("6 os.File, held by the leaked goroutines 2, 1 and others"));
  EXPECT_THAT(shown.text, HasSubstr("4 tcp 127.0.0.1:1 -> 127.0.0.1:2, goroutine 2 reads for at "
                                    "least 7s, deadline in 5s, goroutine 1 writes for at least 5s, "
                                    "deadline has passed\n"));
  const json files = shown.document["files"];
  ASSERT_EQ(files.size(), 4U);
  EXPECT_EQ(files[3]["nobody_can_close"], true);
  EXPECT_EQ(files[3]["held_by_leaked"], json::array({2, 1}));
  EXPECT_EQ(files[0]["name"], "/tmp/a\x1b[31m");
  EXPECT_EQ(files[0]["nobody_can_close"], true);
  EXPECT_TRUE(files[0]["reader"].is_null());
  EXPECT_EQ(files[1], json({{"fd", 4},
                            {"kind", "network"},
                            {"object", "0xc000001000"},
                            {"name", nullptr},
                            {"network", "tcp"},
                            {"local", "127.0.0.1:1"},
                            {"remote", "127.0.0.1:2"},
                            {"nobody_can_close", false},
                            {"held_by_leaked", json::array()},
                            {"reader",
                             {{"goroutine", 2},
                              {"wait_ns_at_least", 7 * kSecond},
                              {"deadline", "set"},
                              {"deadline_in_ns", 5 * kSecond}}},
                            {"writer",
                             {{"goroutine", 1},
                              {"wait_ns_at_least", 5 * kSecond},
                              {"deadline", "passed"},
                              {"deadline_in_ns", nullptr}}}}));
  EXPECT_EQ(files[2]["kind"], "raw");
}

}  // namespace
}  // namespace parked
