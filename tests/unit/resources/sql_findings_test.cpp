// The rules for database/sql: when they claim a proof, when they wait, and what they say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "found.h"

namespace parked::resources {
namespace {

using fake::kMinute;
using fake::kSecond;
using leak::Verdict;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SqlRulesTest : public testing::Test {
 protected:
  SqlRulesTest() {
    resources.parts.make<Sql>().databases.emplace_back().driver = "*mysql.MySQLDriver";
  }
  SqlDb& db() { return resources.parts.make<Sql>().databases[0]; }

  Index goroutine(std::int64_t age) {
    program.blocked("select", golang::ReasonClass::select,
                    program.stack({fake::kGopark, fake::kWorker, fake::kGoexit}), age);
    return static_cast<Index>(program.snapshot.goroutines.size() - 1);
  }
  /// A connection in use, whose context a goroutine has waited for that long.
  SqlConn& taken(SqlUse use, std::int64_t age = kSecond) {
    SqlConn& conn = db().conns.emplace_back();
    conn.address = 0xc000001000;
    conn.driverType = "*mysql.mysqlConn";
    conn.inUse = true;
    conn.use = use;
    conn.waiter = goroutine(age);
    ++db().inUse;
    return conn;
  }
  std::vector<Finding> found(RuleId rule) const {
    return only(find(sqlRules, program, resources), rule);
  }

  fake::Builder program;
  Resources resources;
};

TEST_F(SqlRulesTest, APoolWhoseEveryConnectionIsLostIsProvedToStarve) {
  db().maxOpen = 2;
  db().waiters = {goroutine(kSecond)};
  taken(SqlUse::rows).lost = true;
  taken(SqlUse::tx).lost = true;
  const auto findings = found(RuleId::sqlPoolStarved);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].verdict, Verdict::proved);
  EXPECT_THAT(
      findings[0].sentence,
      HasSubstr(
          "1 goroutine waits for a connection of a sql.DB whose 2 connections are all taken"));
  EXPECT_THAT(findings[0].sentence, HasSubstr("nobody gives one back"));
}

TEST_F(SqlRulesTest, AContextThatMayEndMayGiveAConnectionBack) {
  db().maxOpen = 2;
  db().waiters = {goroutine(kMinute - 1)};
  taken(SqlUse::rows).lost = true;
  taken(SqlUse::rows).contextOnly = true;
  EXPECT_THAT(found(RuleId::sqlPoolStarved), IsEmpty());
  db().waiters.push_back(goroutine(kMinute));
  const auto findings = found(RuleId::sqlPoolStarved);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].verdict, Verdict::suspect);
  EXPECT_EQ(findings[0].count, 2U);
  EXPECT_THAT(findings[0].evidence, testing::Contains(HasSubstr("and nobody else has it")));
}

// One that is being opened now would serve a waiter, too.
TEST_F(SqlRulesTest, FewerConnectionsThanTheLimitProveNothing) {
  db().maxOpen = 2;
  db().waiters = {goroutine(kMinute - 1)};
  taken(SqlUse::rows).lost = true;
  EXPECT_THAT(found(RuleId::sqlPoolStarved), IsEmpty());
}

TEST_F(SqlRulesTest, OnlyConnectionsInUseHaveToBeLost) {
  db().maxOpen = 1;
  db().waiters = {goroutine(kMinute - 1)};
  taken(SqlUse::rows).lost = true;
  db().conns.emplace_back();  // idle
  ASSERT_THAT(found(RuleId::sqlPoolStarved), SizeIs(1));
  EXPECT_EQ(found(RuleId::sqlPoolStarved)[0].verdict, Verdict::proved);
  taken(SqlUse::rows);
  EXPECT_THAT(found(RuleId::sqlPoolStarved), IsEmpty());
}

TEST_F(SqlRulesTest, NobodyStarvesWithoutALimitOrAWaiter) {
  taken(SqlUse::rows).lost = true;
  db().waiters = {goroutine(kMinute)};
  for (const std::int64_t limit : {0, -1}) {
    db().maxOpen = limit;
    EXPECT_THAT(found(RuleId::sqlPoolStarved), IsEmpty());
  }
  db().maxOpen = 1;
  db().waiters.clear();
  EXPECT_THAT(found(RuleId::sqlPoolStarved), IsEmpty());
}

TEST_F(SqlRulesTest, AConnectionThatSomebodyHasIsSuspectAfterAMinute) {
  taken(SqlUse::tx, kMinute - 1);
  EXPECT_THAT(found(RuleId::sqlTxOpen), IsEmpty());
  taken(SqlUse::tx, kMinute);
  taken(SqlUse::tx).lost = true;
  const auto findings = found(RuleId::sqlTxOpen);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_EQ(findings[0].verdict, Verdict::proved);
  EXPECT_EQ(findings[0].count, 1U);
  EXPECT_EQ(findings[1].verdict, Verdict::suspect);
  EXPECT_EQ(findings[1].count, 1U);
  EXPECT_THAT(findings[1].sentence, HasSubstr("for at least 1m, it seems"));
  EXPECT_THAT(found(RuleId::sqlRowsOpen), IsEmpty());
}

TEST_F(SqlRulesTest, ALostConnectionOfAnUnknownUseCountsAsRows) {
  taken(SqlUse::unknown).lost = true;
  EXPECT_THAT(found(RuleId::sqlRowsOpen), SizeIs(1));
  EXPECT_THAT(found(RuleId::sqlConnOpen), IsEmpty());
}

TEST_F(SqlRulesTest, AnIdleConnectionIsNotOpen) {
  taken(SqlUse::rows, kMinute).inUse = false;
  EXPECT_THAT(found(RuleId::sqlRowsOpen), IsEmpty());
}

}  // namespace
}  // namespace parked::resources
