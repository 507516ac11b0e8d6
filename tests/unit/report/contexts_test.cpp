// Trees of contexts and findings about contexts and timers, over resources made by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../leak/fake_program.h"
#include "report/section.h"
#include "rules/findings.h"
#include "rules/thresholds.h"

namespace parked {
namespace {

using fake::Builder;
using stdlib::ContextKind;
using stdlib::ContextNode;
using testing::HasSubstr;

std::string render(const stdlib::Resources& resources, std::uint64_t limit) {
  const Builder program;
  const leak::Analysis analysis = program.analyse();
  const auto report = report::makeReport(analysis, &resources, {}, {}).value();
  std::string out;
  report::sectionNamed("contexts")->render(report, limit, {}, [&out](std::string_view text) {
    out += text;
    return true;
  });
  return out;
}

golang::Index add(stdlib::Resources& resources, ContextKind kind, golang::Index parent) {
  ContextNode node;
  node.kind = kind;
  node.address = 0xc000000000 + 0x100 * resources.contexts.nodes.size();
  node.type = "context.Background";
  node.parent = parent;
  if (parent != golang::kNone) {
    ++resources.contexts.nodes[parent].children;
    if (kind == ContextKind::cancel) {
      node.registered = parent;
      ++resources.contexts.nodes[parent].cancelables;
    }
  }
  resources.contexts.nodes.push_back(node);
  return static_cast<golang::Index>(resources.contexts.nodes.size() - 1);
}

TEST(Contexts, SiblingsThatAreAlikeAreToldOnce) {
  stdlib::Resources resources;
  const auto root = add(resources, ContextKind::root, golang::kNone);
  const auto server = add(resources, ContextKind::cancel, root);
  for (int i = 0; i < 9999; ++i) add(resources, ContextKind::cancel, server);
  const auto special = add(resources, ContextKind::cancel, server);
  resources.contexts.nodes[special].cancelled = true;
  EXPECT_EQ(render(resources, 40),
            "10,001 contexts, 10,001 that can be cancelled, 1 cancelled\n"
            "context.Background, 1 ends with it\n"
            "  WithCancel, 10,000 end with it  0xc000000100\n"
            "    WithCancel, cancelled  0xc000271100\n"
            "    WithCancel  0xc000000200\n"
            "    9,998 more like it\n");
}

TEST(Contexts, DeepChainsEndAndNothingIsLeftOutSilently) {
  stdlib::Resources resources;
  auto last = add(resources, ContextKind::root, golang::kNone);
  for (int i = 0; i < 100000; ++i) last = add(resources, ContextKind::value, last);
  const std::string text = render(resources, 40);
  EXPECT_THAT(text, HasSubstr("99,961 more: "));
  EXPECT_EQ(std::ranges::count(text, '\n'), 42);
}

TEST(Contexts, NoneAtAll) {
  stdlib::Resources resources;
  add(resources, ContextKind::root, golang::kNone);
  EXPECT_EQ(render(resources, 40), "no contexts\n");
}

std::vector<rules::Finding> findings(const stdlib::Resources& resources) {
  const Builder program;
  const leak::Analysis analysis = program.analyse();
  return rules::findAll({analysis, &resources});
}

TEST(ContextRules, SpeakFromTheirThresholdsOn) {
  stdlib::Resources resources;
  const auto server = add(resources, ContextKind::cancel, golang::kNone);
  for (std::size_t i = 1; i < rules::kManyContexts; ++i) {
    resources.contexts.nodes[add(resources, ContextKind::cancel, server)].lost = true;
  }
  EXPECT_TRUE(findings(resources).empty());
  resources.contexts.nodes[add(resources, ContextKind::cancel, server)].lost = true;
  const auto found = findings(resources);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].rule, rules::RuleId::cancelNeverCalled);
  EXPECT_EQ(found[0].count, rules::kManyContexts);

  stdlib::Resources many;
  const auto parent = add(many, ContextKind::cancel, golang::kNone);
  for (std::size_t i = 1; i < rules::kManyChildren; ++i) add(many, ContextKind::cancel, parent);
  EXPECT_TRUE(findings(many).empty());
  add(many, ContextKind::cancel, parent);
  ASSERT_EQ(findings(many).size(), 1U);
  EXPECT_EQ(findings(many)[0].rule, rules::RuleId::contextsPileUp);
}

void addTicker(stdlib::Resources& resources, stdlib::TimerHolder holder) {
  golang::Timer timer;
  timer.address = 0xc000 + resources.timers.all.size() * 0x100;
  timer.kind = golang::TimerKind::ticker;
  timer.period = 1'000'000'000;
  timer.channel = timer.address + 0x80;
  timer.p = 0;
  resources.timers.all.push_back(timer);
  resources.timers.details.emplace_back().holder = holder;
  resources.timers.inHeaps = resources.timers.all.size();
}

TEST(TimerRules, ATickerIsAbandonedOnlyWhenNobodyHasIt) {
  stdlib::Resources resources;
  addTicker(resources, stdlib::TimerHolder::global);
  addTicker(resources, stdlib::TimerHolder::notAsked);
  addTicker(resources, stdlib::TimerHolder::nobody);
  resources.timers.details.back().receivers = 1;
  addTicker(resources, stdlib::TimerHolder::nobody);
  resources.timers.all.back().stopped = true;
  EXPECT_TRUE(findings(resources).empty());
  addTicker(resources, stdlib::TimerHolder::nobody);
  addTicker(resources, stdlib::TimerHolder::nobody);
  const auto found = findings(resources);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].rule, rules::RuleId::tickerAbandoned);
  EXPECT_EQ(found[0].count, 2U);
  // What is in no heap costs nothing.
  resources.timers.inHeaps -= 2;
  EXPECT_TRUE(findings(resources).empty());
}

}  // namespace
}  // namespace parked
