// How many contexts, and for how long, make a finding.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "found.h"
#include "rules/thresholds.h"

namespace parked::resources {
namespace {

using fake::kNow;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ContextRulesTest : public testing::Test {
 protected:
  ContextRulesTest() {
    resources.parts.make<Contexts>().nodes.emplace_back().type = "context.cancelCtx";
  }
  void add(std::size_t count, ContextKind kind, bool lost, std::int64_t deadline = 0) {
    for (std::size_t i = 0; i < count; ++i) {
      ContextNode& node = resources.parts.make<Contexts>().nodes.emplace_back();
      node.kind = kind;
      node.registered = 0;
      node.lost = lost;
      node.deadline = deadline;
    }
  }
  std::vector<Finding> found(RuleId rule) const {
    return only(find(contextRules, fake::Builder(), resources), rule);
  }

  Resources resources;
};

TEST_F(ContextRulesTest, TenLostCancelFunctionsAreAFinding) {
  add(kManyContexts - 1, ContextKind::cancel, true);
  EXPECT_THAT(found(RuleId::cancelNeverCalled), IsEmpty());
  add(1, ContextKind::cancel, true);
  ASSERT_THAT(found(RuleId::cancelNeverCalled), SizeIs(1));
  EXPECT_EQ(found(RuleId::cancelNeverCalled)[0].count, kManyContexts);
  EXPECT_THAT(found(RuleId::timeoutNeverCancelled), IsEmpty());
}

TEST_F(ContextRulesTest, ADeadlineThatIsNearGoesAwayByItself) {
  add(kManyContexts, ContextKind::deadline, true, kNow + kFarAway - 1);
  EXPECT_THAT(found(RuleId::timeoutNeverCancelled), IsEmpty());
  add(1, ContextKind::deadline, true, kNow + kFarAway);
  EXPECT_THAT(found(RuleId::timeoutNeverCancelled), SizeIs(1));
}

TEST_F(ContextRulesTest, VeryManyOfOneParentPileUp) {
  add(kManyChildren - 1, ContextKind::cancel, false);
  EXPECT_THAT(found(RuleId::contextsPileUp), IsEmpty());
  add(1, ContextKind::cancel, false);
  ASSERT_THAT(found(RuleId::contextsPileUp), SizeIs(1));
  EXPECT_THAT(found(RuleId::contextsPileUp)[0].sentence, HasSubstr("10,000 contexts"));
}

}  // namespace
}  // namespace parked::resources
