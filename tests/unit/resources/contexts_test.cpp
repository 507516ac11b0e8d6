// Trees of contexts and findings about contexts and timers, over resources made by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../leak/fake_program.h"
#include "report/section.h"
#include "resources/contexts/model.h"
#include "resources/resources.h"
#include "resources/timers/model.h"
#include "rules/findings.h"
#include "rules/thresholds.h"

namespace parked {
namespace {

using fake::Builder;
using resources::ContextKind;
using resources::ContextNode;
using testing::HasSubstr;

std::string render(const resources::Resources& resources, std::uint64_t limit) {
  const Builder program;
  const leak::Analysis analysis = program.analyse();
  const auto report =
      report::makeReport(analysis, parked::resources::broughtBy(&resources), {}, {}).value();
  std::string out;
  resources::sectionNamed("contexts")->render(report, limit, {}, [&out](std::string_view text) {
    out += text;
    return true;
  });
  return out;
}

golang::Index add(resources::Resources& resources, ContextKind kind, golang::Index parent) {
  ContextNode node;
  node.kind = kind;
  node.address = 0xc000000000 + 0x100 * resources.parts.make<resources::Contexts>().nodes.size();
  node.type = "context.Background";
  node.parent = parent;
  if (parent != golang::kNone) {
    ++resources.parts.make<resources::Contexts>().nodes[parent].children;
    if (kind == ContextKind::cancel) {
      node.registered = parent;
      ++resources.parts.make<resources::Contexts>().nodes[parent].cancelables;
    }
  }
  resources.parts.make<resources::Contexts>().nodes.push_back(node);
  return static_cast<golang::Index>(resources.parts.make<resources::Contexts>().nodes.size() - 1);
}

TEST(Contexts, SiblingsThatAreAlikeAreToldOnce) {
  resources::Resources resources;
  const auto root = add(resources, ContextKind::root, golang::kNone);
  const auto server = add(resources, ContextKind::cancel, root);
  for (int i = 0; i < 9999; ++i) add(resources, ContextKind::cancel, server);
  const auto special = add(resources, ContextKind::cancel, server);
  resources.parts.make<resources::Contexts>().nodes[special].cancelled = true;
  EXPECT_EQ(render(resources, 40),
            "10,001 contexts, 10,001 that can be cancelled, 1 cancelled\n"
            "context.Background, 1 ends with it\n"
            "  WithCancel, 10,000 end with it  0xc000000100\n"
            "    WithCancel, cancelled  0xc000271100\n"
            "    WithCancel  0xc000000200\n"
            "    9,998 more like it\n");
}

TEST(Contexts, DeepChainsEndAndNothingIsLeftOutSilently) {
  resources::Resources resources;
  auto last = add(resources, ContextKind::root, golang::kNone);
  for (int i = 0; i < 100000; ++i) last = add(resources, ContextKind::value, last);
  const std::string text = render(resources, 40);
  EXPECT_THAT(text, HasSubstr("99,961 more: "));
  EXPECT_EQ(std::ranges::count(text, '\n'), 42);
}

TEST(Contexts, NoneAtAll) {
  resources::Resources resources;
  add(resources, ContextKind::root, golang::kNone);
  EXPECT_EQ(render(resources, 40), "no contexts\n");
}

std::vector<rules::Finding> findings(const resources::Resources& resources) {
  const Builder program;
  const leak::Analysis analysis = program.analyse();
  return rules::findAll({.analysis = analysis,
                         .resources = &resources.parts,
                         .sources = parked::resources::broughtBy(&resources).rules});
}

TEST(ContextRules, SpeakFromTheirThresholdsOn) {
  resources::Resources resources;
  const auto server = add(resources, ContextKind::cancel, golang::kNone);
  for (std::size_t i = 1; i < rules::kManyContexts; ++i) {
    resources.parts.make<resources::Contexts>()
        .nodes[add(resources, ContextKind::cancel, server)]
        .lost = true;
  }
  EXPECT_TRUE(findings(resources).empty());
  resources.parts.make<resources::Contexts>()
      .nodes[add(resources, ContextKind::cancel, server)]
      .lost = true;
  const auto found = findings(resources);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].rule, rules::RuleId::cancelNeverCalled);
  EXPECT_EQ(found[0].count, rules::kManyContexts);

  resources::Resources many;
  const auto parent = add(many, ContextKind::cancel, golang::kNone);
  for (std::size_t i = 1; i < rules::kManyChildren; ++i) add(many, ContextKind::cancel, parent);
  EXPECT_TRUE(findings(many).empty());
  add(many, ContextKind::cancel, parent);
  ASSERT_EQ(findings(many).size(), 1U);
  EXPECT_EQ(findings(many)[0].rule, rules::RuleId::contextsPileUp);
}

void addTicker(resources::Resources& resources, resources::TimerHolder holder) {
  golang::Timer timer;
  timer.address = 0xc000 + resources.parts.make<resources::Timers>().all.size() * 0x100;
  timer.kind = golang::TimerKind::ticker;
  timer.period = 1'000'000'000;
  timer.channel = timer.address + 0x80;
  timer.p = 0;
  resources.parts.make<resources::Timers>().all.push_back(timer);
  resources.parts.make<resources::Timers>().details.emplace_back().holder = holder;
  resources.parts.make<resources::Timers>().inHeaps =
      resources.parts.make<resources::Timers>().all.size();
}

TEST(TimerRules, ATickerIsAbandonedOnlyWhenNobodyHasIt) {
  resources::Resources resources;
  addTicker(resources, resources::TimerHolder::global);
  addTicker(resources, resources::TimerHolder::notAsked);
  addTicker(resources, resources::TimerHolder::nobody);
  resources.parts.make<resources::Timers>().details.back().receivers = 1;
  addTicker(resources, resources::TimerHolder::nobody);
  resources.parts.make<resources::Timers>().all.back().stopped = true;
  EXPECT_TRUE(findings(resources).empty());
  addTicker(resources, resources::TimerHolder::nobody);
  addTicker(resources, resources::TimerHolder::nobody);
  const auto found = findings(resources);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].rule, rules::RuleId::tickerAbandoned);
  EXPECT_EQ(found[0].count, 2U);
  // What is in no heap costs nothing.
  resources.parts.make<resources::Timers>().inHeaps -= 2;
  EXPECT_TRUE(findings(resources).empty());
}

}  // namespace
}  // namespace parked
