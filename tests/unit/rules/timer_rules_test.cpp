// How many timers, and which, make a finding.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "found.h"
#include "rules/thresholds.h"

namespace parked::rules {
namespace {

using fake::kMinute;
using fake::kNow;
using golang::TimerKind;
using stdlib::Rearming;
using stdlib::TimerHolder;
using testing::IsEmpty;
using testing::SizeIs;

class TimerRulesTest : public testing::Test {
 protected:
  void add(std::size_t count, TimerKind kind, std::int64_t when,
           TimerHolder holder = TimerHolder::nobody, Rearming rearming = Rearming::none) {
    for (std::size_t i = 0; i < count; ++i) {
      golang::Timer& timer = resources.timers.all.emplace_back();
      timer.kind = kind;
      timer.when = when;
      timer.period = kind == TimerKind::ticker ? kMinute : 0;
      timer.callback = kind == TimerKind::afterFunc ? fake::kNotify : 0;
      stdlib::TimerDetail& detail = resources.timers.details.emplace_back();
      detail.holder = holder;
      detail.rearming = rearming;
    }
    resources.timers.inHeaps = resources.timers.all.size();
  }
  std::vector<Finding> found(RuleId rule) const {
    return only(find(timerRules, fake::Builder(), resources), rule);
  }

  stdlib::Resources resources;
};

TEST_F(TimerRulesTest, AThousandAfterFuncsNobodyHasAreAFinding) {
  add(kManyTimers - 1, TimerKind::afterFunc, kNow + kFarAway);
  add(1, TimerKind::afterFunc, kNow + kFarAway, TimerHolder::global);
  EXPECT_THAT(found(RuleId::timersPileUp), IsEmpty());
  add(1, TimerKind::afterFunc, kNow + kFarAway);
  EXPECT_THAT(found(RuleId::timersPileUp), SizeIs(1));
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
  resources.timers.details[0].retainedBytes = kMuchRetained - 1;
  EXPECT_THAT(found(RuleId::timerRearmsItself), IsEmpty());
  resources.timers.details[0].retainedBytes = kMuchRetained;
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
  resources.timers.details[0].receivers = 1;
  EXPECT_THAT(found(RuleId::tickerAbandoned), IsEmpty());
}

}  // namespace
}  // namespace parked::rules
