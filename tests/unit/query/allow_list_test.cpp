#include "query/allow_list.h"

#include <gtest/gtest.h>

namespace parked::query {
namespace {

TEST(AllowList, ReadsItsWordsAndPassesOverTheRest) {
  const auto list = AllowList::parse(
      "# known\n\n  IgnoreTopFunction  main.f  # meant\r\nIgnoreRule PK041\nIgnoreAnyFunction a.b",
      "list");
  ASSERT_TRUE(list);
  EXPECT_FALSE(list->empty());
  EXPECT_TRUE(list->quietsRule("PK041"));
  EXPECT_FALSE(list->quietsRule("PK042"));
}

TEST(AllowList, AnEmptyListQuietsNothing) {
  const auto list = AllowList::parse("# nothing\n", "list");
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->empty());
}

TEST(AllowList, NamesTheLineThatIsWrong) {
  for (const char* line : {"Ignore main.f", "IgnoreTopFunction", "IgnoreRule a b", "PK041"}) {
    const auto list = AllowList::parse(std::string("IgnoreRule PK001\n") + line, "known");
    ASSERT_FALSE(list) << line;
    EXPECT_EQ(list.error().code, ErrorCode::usage);
    EXPECT_TRUE(list.error().message.starts_with("known:2: ")) << list.error().message;
  }
}

TEST(AllowList, AFileThatIsNotThere) {
  const auto list = AllowList::read("/nowhere/at/all");
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, ErrorCode::notFound);
}

}  // namespace
}  // namespace parked::query
