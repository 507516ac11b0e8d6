// Filters, and groups by something else than the default.
#include "query/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "leak/fake_program.h"
#include "query/group_by.h"

namespace parked {
namespace {

using fake::Builder;
using fake::mixed;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Groups, ByDelvesWords) {
  Builder program = mixed();
  program.snapshot.labelSets.push_back({{{"user", "42"}}});
  program.snapshot.goroutines[3].labels = 0;
  const leak::Analysis analysis = program.analyse();
  const auto all = query::chooseGoroutines(analysis, {}).value();
  const auto keys = [&](std::string_view by) {
    std::vector<std::string> names;
    const auto grouping = query::group(analysis, all, query::parseGroupBy(by).value());
    for (const auto& group : grouping.groups) {
      names.push_back(std::to_string(group.count) + " " + group.key);
    }
    return names;
  };
  EXPECT_THAT(keys("reason"), ElementsAre("3 chan send", "2 chan receive", "1 running"));
  EXPECT_THAT(keys("label:user"), ElementsAre("5 (no label)", "1 user=42"));
  EXPECT_THAT(keys("running"), ElementsAre("5 not running", "1 running"));
  EXPECT_THAT(keys("userloc").front(), "3 /src/shop/notify.go:88 main.(*server).notify");
  EXPECT_FALSE(query::parseGroupBy("label").has_value());
  EXPECT_FALSE(query::parseGroupBy("colour").has_value());
}

std::vector<leak::Index> chosen(const leak::Analysis& analysis, bool with, query::Property property,
                                const std::string& expression) {
  return query::chooseGoroutines(analysis, {{with, property, expression}}).value();
}

TEST(Filters, WithAndWithout) {
  Builder program = mixed();
  program.snapshot.labelSets.push_back({{{"user", "42"}}});
  program.snapshot.goroutines[3].labels = 0;
  program.snapshot.goroutines[4].system = true;
  const leak::Analysis analysis = program.analyse();
  using query::Property;
  EXPECT_THAT(chosen(analysis, true, Property::userLoc, "notify.go:88"), ElementsAre(0, 1, 2));
  EXPECT_THAT(chosen(analysis, false, Property::userLoc, "notify"), ElementsAre(3, 4, 5));
  EXPECT_THAT(chosen(analysis, true, Property::curLoc, "gopark"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(chosen(analysis, true, Property::reason, "chan"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(chosen(analysis, true, Property::reason, "/^chan (re|x)/"), ElementsAre(3, 4));
  EXPECT_THAT(chosen(analysis, true, Property::label, "user"), ElementsAre(3));
  EXPECT_THAT(chosen(analysis, true, Property::label, "user=42"), ElementsAre(3));
  EXPECT_THAT(chosen(analysis, true, Property::label, "user=4"), ElementsAre());
  EXPECT_THAT(chosen(analysis, false, Property::user, ""), ElementsAre(4));
  EXPECT_THAT(chosen(analysis, true, Property::running, ""), ElementsAre(5));
  EXPECT_THAT(chosen(analysis, true, Property::verdict, "running"), ElementsAre(5));
  EXPECT_THAT(chosen(analysis, true, Property::status, "waiting"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(chosen(analysis, true, Property::startLoc, "worker"), ElementsAre(3, 4));
  EXPECT_THAT(chosen(analysis, true, Property::goLoc, "server.go:41"), ElementsAre(1, 2, 3, 4, 5));
}

TEST(Filters, ErrorsAreOneLine) {
  const Builder program = mixed();
  const leak::Analysis analysis = program.analyse();
  const auto bad = query::chooseGoroutines(analysis, {{true, query::Property::userLoc, "/(/"}});
  ASSERT_FALSE(bad.has_value());
  EXPECT_THAT(bad.error().message, HasSubstr("bad regular expression"));
  EXPECT_FALSE(
      query::chooseGoroutines(analysis, {{true, query::Property::verdict, "guilty"}}).has_value());
}

}  // namespace
}  // namespace parked
