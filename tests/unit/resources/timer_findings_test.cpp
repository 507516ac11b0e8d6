// How many timers, and which, make a finding.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "found.h"
#include "golang/clock.h"
#include "rules/thresholds.h"

namespace parked::resources {
namespace {

using fake::kMinute;
using fake::kNow;
using golang::TimerKind;
using testing::IsEmpty;
using testing::SizeIs;

class TimerRulesTest : public testing::Test {
 protected:
  void add(std::size_t count, TimerKind kind, std::int64_t when,
           TimerHolder holder = TimerHolder::nobody, Rearming rearming = Rearming::none) {
    for (std::size_t i = 0; i < count; ++i) {
      golang::Timer& timer = resources.parts.make<Timers>().all.emplace_back();
      timer.kind = kind;
      timer.when = when;
      timer.period = kind == TimerKind::ticker ? kMinute : 0;
      timer.callback = kind == TimerKind::afterFunc ? fake::kNotify : 0;
      TimerDetail& detail = resources.parts.make<Timers>().details.emplace_back();
      detail.holder = holder;
      detail.rearming = rearming;
    }
    resources.parts.make<Timers>().inHeaps = resources.parts.make<Timers>().all.size();
  }
  std::vector<Finding> found(RuleId rule) const {
    return only(find(timerRules, fake::Builder(), resources), rule);
  }

  Resources resources;
};

TEST_F(TimerRulesTest, AThousandAfterFuncsNobodyHasAreAFinding) {
  add(kManyTimers - 1, TimerKind::afterFunc, kNow + kFarAway);
  add(1, TimerKind::afterFunc, kNow + kFarAway, TimerHolder::global);
  EXPECT_THAT(found(RuleId::timersPileUp), IsEmpty());
  add(1, TimerKind::afterFunc, kNow + kFarAway);
  EXPECT_THAT(found(RuleId::timersPileUp), SizeIs(1));
}

// 40 in a minute, each for an hour: 2,400. The process is a minute old.
TEST_F(TimerRulesTest, APaceAtWhichThereWillBeAThousandIsAFinding) {
  fake::Builder program;
  program.snapshot.clock.started = kNow - kMinute;
  const auto atPace = [&](std::size_t count, std::int64_t delay) {
    resources = {};
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t made =
          kMinute * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(count);
      add(1, TimerKind::afterFunc, kNow - kMinute + made + delay);
    }
    return only(find(timerRules, program, resources), RuleId::timersPileUp);
  };
  const auto many = atPace(40, 60 * kMinute);
  ASSERT_THAT(many, SizeIs(1));
  EXPECT_THAT(many[0].sentence, testing::HasSubstr("at this pace they will be"));
  EXPECT_EQ(many[0].count, 40U);
  EXPECT_THAT(atPace(kTimersForPace - 1, 60 * kMinute), IsEmpty());
  EXPECT_THAT(atPace(40, 10 * kMinute), IsEmpty());  // 400
  program.snapshot.clock.source = golang::kLowerBound;
  EXPECT_THAT(atPace(40, 60 * kMinute), IsEmpty());
}

TEST_F(TimerRulesTest, ThoseThatWereMadeAtOnceShowNoPace) {
  fake::Builder program;
  program.snapshot.clock.started = kNow - kMinute;
  add(kManyTimers - 1, TimerKind::afterFunc, kNow + 60 * kMinute);
  EXPECT_THAT(only(find(timerRules, program, resources), RuleId::timersPileUp), IsEmpty());
}

TEST_F(TimerRulesTest, AfterFuncsThatAreDueSoonGoAwayByThemselves) {
  add(kManyTimers, TimerKind::afterFunc, kNow + kFarAway - 1);
  EXPECT_THAT(found(RuleId::timersPileUp), IsEmpty());
}

TEST_F(TimerRulesTest, ThreeThatStartThemselvesAgainAreAFinding) {
  add(kManyRearming - 1, TimerKind::afterFunc, kNow, TimerHolder::nobody, Rearming::startsItself);
  EXPECT_THAT(found(RuleId::timerRearmsItself), IsEmpty());
  add(1, TimerKind::afterFunc, kNow, TimerHolder::nobody, Rearming::resetsItself);
  EXPECT_THAT(found(RuleId::timerRearmsItself), SizeIs(1));
}

TEST_F(TimerRulesTest, SoIsOneThatKeepsMuchAlive) {
  add(1, TimerKind::afterFunc, kNow, TimerHolder::nobody, Rearming::startsItself);
  resources.parts.make<Timers>().details[0].retainedBytes = kMuchRetained - 1;
  EXPECT_THAT(found(RuleId::timerRearmsItself), IsEmpty());
  resources.parts.make<Timers>().details[0].retainedBytes = kMuchRetained;
  EXPECT_THAT(found(RuleId::timerRearmsItself), SizeIs(1));
}

TEST_F(TimerRulesTest, WhatWasNotAskedIsNotClaimed) {
  add(kManyTimers, TimerKind::afterFunc, kNow + kFarAway, TimerHolder::notAsked,
      Rearming::startsItself);
  add(kManyTimers, TimerKind::timer, kNow + kFarAway, TimerHolder::notAsked);
  add(1, TimerKind::ticker, kNow, TimerHolder::notAsked);
  EXPECT_THAT(find(timerRules, fake::Builder(), resources), IsEmpty());
}

TEST_F(TimerRulesTest, AThousandAbandonedTimersAreAFinding) {
  add(kManyTimers - 1, TimerKind::timer, kNow + kFarAway);
  EXPECT_THAT(found(RuleId::timeAfterInLoop), IsEmpty());
  add(1, TimerKind::timer, kNow);
  EXPECT_THAT(found(RuleId::timeAfterInLoop), SizeIs(1));
}

TEST_F(TimerRulesTest, ATickerThatSomebodyReceivesFromIsNotAbandoned) {
  add(1, TimerKind::ticker, kNow);
  EXPECT_THAT(found(RuleId::tickerAbandoned), SizeIs(1));
  resources.parts.make<Timers>().details[0].receivers = 1;
  EXPECT_THAT(found(RuleId::tickerAbandoned), IsEmpty());
}

}  // namespace
}  // namespace parked::resources
