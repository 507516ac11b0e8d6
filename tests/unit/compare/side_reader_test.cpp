// Reports that are read back.

#include "compare/side_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files.h"

namespace parked::compare {
namespace {

using testing::HasSubstr;

TEST(SideReader, ADocument) {
  const auto side = readSide(fileOf(documentOf("PROVED")));
  ASSERT_TRUE(side) << side.error().message;
  EXPECT_EQ(side->program, "shop");
  EXPECT_EQ(side->pid, 7);
  EXPECT_EQ(side->startedNs, 99);
  EXPECT_EQ(side->goroutines, 2U);
  EXPECT_TRUE(side->proved);
  EXPECT_FALSE(side->incomplete);
  EXPECT_FALSE(side->partial);
  const Entry& group = side->groups.at("00000000000000aa");
  EXPECT_EQ(group.count, 2U);
  EXPECT_EQ(group.verdict, leak::Verdict::proved);
  EXPECT_EQ(group.title, "chan send");
  EXPECT_EQ(group.creator, "main.main");
  const Entry& finding = side->findings.at("00000000000000bb");
  EXPECT_EQ(finding.rule, "PK005");
  EXPECT_EQ(finding.group, "00000000000000aa");
  EXPECT_EQ(finding.creator, "main.main");
  ASSERT_EQ(side->parked.size(), 2U);
  EXPECT_EQ(side->parked[0].group, "00000000000000aa");
  EXPECT_NE(side->parked[0].on, side->parked[1].on);
}

const std::string kLines =
    R"({"type":"schema","schema":"parked/1"}
{"type":"target","program":"shop","pid":7}
{"type":"goroutine","id":18,"group":0,"waiting_on":[{"kind":"channel","address":"0x10","op":"send"}]}
{"type":"group","fingerprint":"00000000000000aa","count":1,"verdict":"PROVED","user_frame":{"func":"main.f"}}
{"type":"proof","state":"withheld","withheld":"a reason"}
{"type":"incomplete","what":"stack"}
{"type":"end","incomplete":true}
)";

TEST(SideReader, LinesCutAnywhere) {
  for (std::size_t piece : {1UL, 7UL, 100'000UL}) {
    Side side;
    LineReader reader(side);
    for (std::size_t at = 0; at < kLines.size(); at += piece) {
      ASSERT_TRUE(reader(std::string_view(kLines).substr(at, piece)));
    }
    ASSERT_TRUE(reader.finish());
    EXPECT_EQ(side.groups.size(), 1U);
    EXPECT_EQ(side.parked.size(), 1U);
    EXPECT_EQ(side.withheld, "a reason");
    EXPECT_TRUE(side.incomplete);
    EXPECT_FALSE(side.proved);
  }
  const auto side = readSide(fileOf(kLines));
  ASSERT_TRUE(side) << side.error().message;
  EXPECT_EQ(side->groups.size(), 1U);
}

TEST(SideReader, LinesThatEndEarly) {
  const auto side = readSide(fileOf(kLines.substr(0, kLines.find(R"({"type":"end")"))));
  ASSERT_FALSE(side);
  EXPECT_THAT(side.error().message, HasSubstr("end early"));
}

TEST(SideReader, WhatIsNoReport) {
  for (const std::string_view text :
       {"", "{", "{}", "[]", "null", R"({"schema":"parked-watch/1"})", R"({"schema":"parked/1")",
        R"({"type":"schema","schema":"other/1"})", "{\"type\":\"schema\"}\n{\n"}) {
    EXPECT_FALSE(readSide(fileOf(text))) << text;
  }
  EXPECT_FALSE(readSide("/none/such/file"));
}

// Whoever wrote the file may have meant harm.
TEST(SideReader, MembersOfOtherTypesAreNotThere) {
  const auto side = readSide(fileOf(
      R"({"schema":"parked/1","target":{"pid":"x","program":7,"started_ns":1e300},
"goroutines":[3,null,{"id":-1,"waiting_on":7},{"waiting_on":[7,{"address":[]}]}],
"groups":[7,{"fingerprint":"a","count":-3,"verdict":"X","user_frame":[],"created_by":7}],
"findings":[{"fingerprint":"b","group":4000000000,"place":7},{"fingerprint":"c","group":-1}],
"proof":[],"other_runtimes":[7,{"groups":7,"target":{}}]})"));
  ASSERT_TRUE(side) << side.error().message;
  EXPECT_EQ(side->pid, 0);
  EXPECT_EQ(side->groups.at("a").count, 0U);
  EXPECT_EQ(side->findings.size(), 2U);
  EXPECT_TRUE(side->parked.empty());
}

// All of the other side would be new.
TEST(SideReader, WhatHasNoFingerprintCannotBeCompared) {
  for (const char* members : {R"("groups":[{"fingerprint":null}])", R"("groups":[{"count":1}])",
                              R"("groups":[{"fingerprint":7}])", R"("findings":[{"rule":"PK005"}])",
                              R"("other_runtimes":[{"target":{},"groups":[{}]}])"}) {
    const auto side =
        readSide(fileOf(fmt::format(R"({{"schema":"parked/1","target":{{}},{}}})", members)));
    ASSERT_FALSE(side) << members;
    EXPECT_EQ(side.error().code, ErrorCode::unsupported) << side.error().message;
  }
}

TEST(SideReader, OtherRuntimesOfTheProcess) {
  const std::string inner = documentOf("SUSPECT", "lib.f");
  std::string text = documentOf("PROVED");
  text.replace(text.rfind('}'), 1, fmt::format(",\n\"other_runtimes\":[\n{}]}}", inner));
  const auto side = readSide(fileOf(text));
  ASSERT_TRUE(side) << side.error().message;
  EXPECT_EQ(side->groups.at("00000000000000aa").count, 4U);
  EXPECT_EQ(side->groups.at("00000000000000aa").places.size(), 2U);
  EXPECT_EQ(side->parked.size(), 2U);
}

TEST(SideReader, JsonIsToldFromCores) {
  EXPECT_TRUE(looksLikeJson(fileOf("\n {}")));
  EXPECT_FALSE(
      looksLikeJson(fileOf("\x7f"
                           "ELF",
                           "core")));
  EXPECT_FALSE(looksLikeJson("/none/such/file"));
}

}  // namespace
}  // namespace parked::compare
