// Reports of programs at their exit, and what they have in common.

#include "compare/exit_summary.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "../base/folder.h"
#include "files.h"

namespace parked::compare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A leaking group with a finding, and one that only waits for tests; `end` is behind them.
std::string reportOf(std::string_view package, std::string_view test,
                     std::string_view end = R"("proof":{"state":"given"},
"fail_on":{"verdict":"SUSPECT","groups":[1],"findings":[1],"incomplete":false},
"incomplete":[])") {
  return fmt::format(
      R"({{"schema":"parked/1",
"target":{{"program":"a.test","main_package":"{}.test","pid":7}},
"groups":[
{{"fingerprint":"00000000000000cc","count":1,"findings":1,"verdict":"PROVED","reason":"chan receive"}},
{{"fingerprint":"00000000000000aa","count":5,"findings":2,"verdict":"PROVED","reason":"chan send","created_by":{{"func":"lib.Ask"}},"left_by":["{}"]}}],
"findings":[
{{"fingerprint":"00000000000000bb","rule":"PK005","title":"send","verdict":"PROVED","count":2,"place":{{"func":"lib.Ask.func1","file":"ask.go","line":4}},"group":1}},
{{"fingerprint":"00000000000000dd","rule":"PK060","title":"body","verdict":"SUSPECT","count":1,"place":null,"group":null}}],
{}}}
)",
      package, test, end);
}

class ExitSummaryOf : public testing::Test {
 protected:
  void write(const char* name, std::string_view text) const { folder_.write(name, text); }
  Result<ExitSummary> summary() const { return summarise(folder_.path(), nullptr); }
  Folder folder_;
};

TEST_F(ExitSummaryOf, OneFingerprintInTwoPackages) {
  write("a-1.json", reportOf("shop/a", "TestA"));
  write("b-2.json", reportOf("shop/b", "TestB"));
  write("b-2.sarif", "{}");
  const auto all = summary();
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->programs, 2U);
  EXPECT_EQ(all->leaking, 2U);
  EXPECT_THAT(all->unread, IsEmpty());
  EXPECT_THAT(all->unproved, IsEmpty());
  ASSERT_EQ(all->leftovers.size(), 2U) << "those that wait for tests are none";
  const Summed& first = all->leftovers.front();
  EXPECT_EQ(first.leftover.fingerprint, "00000000000000bb");
  EXPECT_EQ(first.leftover.rule, "PK005");
  EXPECT_EQ(first.leftover.function, "lib.Ask.func1");
  EXPECT_EQ(first.leftover.creator, "lib.Ask");
  EXPECT_EQ(first.leftover.count, 4U) << "those of the group that leak";
  EXPECT_THAT(first.packages, ElementsAre("shop/a", "shop/b"));
  EXPECT_THAT(first.tests, ElementsAre("TestA", "TestB"));
  const Summed& second = all->leftovers.back();
  EXPECT_EQ(second.leftover.rule, "PK060");
  EXPECT_EQ(second.leftover.count, 2U);
}

TEST_F(ExitSummaryOf, WhatIsNotKnown) {
  write("a.json", reportOf("shop/a", "TestA", R"("proof":{"state":"withheld","withheld":"a hole"},
"fail_on":{"verdict":"PROVED","groups":[],"findings":[],"incomplete":true},
"incomplete":[{"what":"stack"}])"));
  const auto all = summary();
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->leaking, 0U);
  EXPECT_THAT(all->unproved, ElementsAre("shop/a"));
  EXPECT_THAT(all->incomplete, ElementsAre("shop/a"));
  EXPECT_EQ(all->withheld, "a hole");
  EXPECT_EQ(all->verdict, leak::Verdict::proved);
}

TEST_F(ExitSummaryOf, FilesOfOthers) {
  const std::string whole = reportOf("shop/a", "TestA");
  write("good.json", whole);
  write("short.json", whole.substr(0, whole.size() / 2));
  write("other.json", R"({"name":"npm"})");
  write("diff.json", R"({"schema":"parked-diff/1"})");
  write("newer.json", R"({"schema":"parked/2"})");
  write("plain.json", documentOf("PROVED"));
  write("empty.json", "");
  write("odd.json", R"({"schema":"parked/1","groups":[1,[2],{}],"findings":[{"group":99}],
"fail_on":{"verdict":"PROVED","groups":[-1,7,"x"],"findings":[0,1]}})");
  ASSERT_EQ(mkfifo(folder_.at("pipe.json").c_str(), 0600), 0);
  std::filesystem::create_directory(folder_.at("folder.json"));
  const auto all = summary();
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->programs, 2U);
  ASSERT_EQ(all->unread.size(), 6U);
  for (const ExitSummary::Unread& file : all->unread) {
    EXPECT_THAT(file.why, HasSubstr(file.file));
  }
  EXPECT_THAT(all->unread[2].why, HasSubstr("parked/2"));
  EXPECT_THAT(all->unread[4].why, HasSubstr("--report-dir"));
}

TEST_F(ExitSummaryOf, SeveralRuntimes) {
  std::string text = reportOf("shop/a", "TestA");
  text.resize(text.size() - 2);
  write("a.json", text + R"(,"other_runtimes":[)" + reportOf("shop/b", "TestB") + "]}\n");
  const auto all = summary();
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->programs, 1U);
  ASSERT_EQ(all->leftovers.size(), 2U);
  EXPECT_EQ(all->leftovers.front().leftover.count, 4U);
  EXPECT_THAT(all->leftovers.front().tests, ElementsAre("TestA", "TestB"));
}

TEST_F(ExitSummaryOf, NoReports) {
  const auto none = summary();
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("has no reports"));
  const auto nowhere = summarise(folder_.at("none"), nullptr);
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("No such file"));
  write("a.json", reportOf("shop/a", "TestA"));
  EXPECT_FALSE(summarise(folder_.path(), [] { return true; }));
}

}  // namespace
}  // namespace parked::compare
