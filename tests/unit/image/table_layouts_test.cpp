#include "image/table_layouts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "image/build_info.h"
#include "image/table_choice.h"

namespace parked::image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kReleases =
    "go1.23 amd64 aaaaaaaa quiet\n"
    "go1.23 arm64 dddddddd quiet\n"
    "go1.23.2 amd64 aaaaaaaa quiet loud=bbbbbbbb odd=cccccccc\n"
    "go1.23.5 amd64 aaaaaaaa quiet loud=bbbbbbbb\n"
    "go1.24.0 amd64 eeeeeeee\n"
    "go1.24.9 amd64 ffffffff\n";
constexpr std::string_view kSets =
    "aaaaaaaa 00000001 00000002\n"
    " 00000005\n"
    "bbbbbbbb of aaaaaaaa -00000001 +00000003\n"
    "cccccccc of aaaaaaaa -00000001 +00000004\n";
constexpr std::string_view kStructs =
    "00000005 = runtime\n"
    " 3 kind\n"
    " -7 low\n"
    "00000001 16 runtime.a\n"
    " 0 8 link *runtime.a\n"
    " 8 8 inner runtime.b\n"
    "00000003 24 runtime.a\n"
    " 16 8 link *runtime.a\n"
    "00000004 32 runtime.a\n"
    " 24 8 link *runtime.a\n"
    "00000002 8 runtime.b\n"
    " 0 4 x uint32\n"
    " 4 1 y struct { a int; b string }\n";
constexpr LayoutTables kTables{kReleases, kSets, kStructs};

GoVersion version(std::string_view text) { return *parseGoVersion(text); }

std::vector<TableChoice> choices(std::string_view text, std::string_view arch = "amd64") {
  auto found = chooseTables(version(text), arch, kReleases);
  return found ? *found : std::vector<TableChoice>();
}

std::vector<std::string> releases(std::string_view text) {
  std::vector<std::string> names;
  for (const TableChoice& choice : choices(text)) names.push_back(choice.release);
  return names;
}

std::unique_ptr<TableLayouts> open(std::string_view text) {
  auto table = TableLayouts::open(choices(text).front(), kTables);
  return table ? std::move(*table) : nullptr;
}

TEST(TableChoiceTest, TheReleaseItselfIsFirst) {
  EXPECT_THAT(releases("go1.23.2"), ElementsAre("go1.23.2", "go1.23", "go1.23.5"));
  const TableChoice first = choices("go1.23.2").front();
  EXPECT_TRUE(first.exact);
  EXPECT_EQ(first.origin, "shipped table for go1.23.2");
  EXPECT_FALSE(choices("go1.23.2")[1].exact);
  EXPECT_TRUE(choices("go1.23").front().exact);
  EXPECT_EQ(choices("go1.23", "arm64").front().base, "dddddddd");
}

TEST(TableChoiceTest, ExperimentsSelectSets) {
  EXPECT_THAT(choices("go1.23.2 X:loud,quiet").front().changed, ElementsAre("bbbbbbbb"));
  EXPECT_TRUE(choices("go1.23.2-X:loud").front().exact);
  EXPECT_EQ(choices("go1.23.2 X:loud").front().origin, "shipped table for go1.23.2 X:loud");
  EXPECT_FALSE(choices("go1.23.2 X:unheard").front().exact);
}

TEST(TableChoiceTest, APatchBetweenTwoEqualTablesIsKnown) {
  const TableChoice between = choices("go1.23.3").front();
  EXPECT_TRUE(between.exact);
  EXPECT_EQ(between.origin, "shipped table for go1.23.2 and go1.23.5, which are the same");
  EXPECT_FALSE(choices("go1.24.3").front().exact);  // the tables around it differ
  EXPECT_FALSE(choices("go1.23.3 X:odd").front().exact);
}

TEST(TableChoiceTest, OtherwiseTheNearestPatchWhichIsNotExact) {
  EXPECT_THAT(releases("go1.24.3"), ElementsAre("go1.24.0", "go1.24.9"));
  EXPECT_THAT(releases("go1.24.13"), ElementsAre("go1.24.9", "go1.24.0"));
  const TableChoice choice = choices("go1.24.13").front();
  EXPECT_FALSE(choice.exact);
  EXPECT_EQ(choice.origin, "nearest shipped table, go1.24.9 for go1.24.13");
}

TEST(TableChoiceTest, VendorsCandidatesAndDevelopmentAreNeverExact) {
  for (const char* text : {"go1.24.9 (Red Hat 1.24.9-2.el9)", "go1.24.9-google", "go1.24.9+abcdef",
                           "go1.24rc1", "devel go1.24-abcdef Tue Jan 7", "go1.24-devel_0123"}) {
    ASSERT_FALSE(choices(text).empty()) << text;
    EXPECT_FALSE(choices(text).front().exact) << text;
  }
  EXPECT_EQ(choices("go1.24.9-google").front().release, "go1.24.9");
}

TEST(TableChoiceTest, ANewerMinorVersionHasTheNewestRelease) {
  EXPECT_THAT(releases("devel go1.25-abcdef Tue Jan 7"), ElementsAre("go1.24.9"));
  EXPECT_FALSE(choices("go1.25.0").front().exact);
}

TEST(TableChoiceTest, WithoutATableTheErrorNamesWhatIsMissing) {
  const auto old = chooseTables(version("go1.22.1"), "amd64", kReleases);
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().code, ErrorCode::unsupported);
  EXPECT_THAT(old.error().message, HasSubstr("Go 1.22 on amd64"));
  EXPECT_FALSE(chooseTables(version("go1.23.2"), "riscv64", kReleases));
}

TEST(TableLayoutsTest, StructsAndConstants) {
  const auto table = open("go1.23.2");
  ASSERT_NE(table, nullptr);
  const StructLayout* a = table->find("runtime.a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->size, 16U);
  ASSERT_EQ(a->fields.size(), 2U);
  EXPECT_EQ(a->fields[1].name, "inner");
  EXPECT_EQ(a->fields[1].offset, 8U);
  EXPECT_EQ(a->fields[1].type, "runtime.b");
  EXPECT_EQ(table->find("runtime.a"), a);  // the pointer stays valid
  EXPECT_EQ(table->find("runtime.b")->fields[1].type, "struct { a int; b string }");
  EXPECT_EQ(table->find("runtime.none"), nullptr);
  EXPECT_EQ(table->find("= runtime"), nullptr);
  std::int64_t value = 0;
  EXPECT_TRUE(table->constant("runtime.low", value));
  EXPECT_EQ(value, -7);
  EXPECT_FALSE(table->constant("runtime.none", value));
  EXPECT_FALSE(table->constant("other.kind", value));
  EXPECT_THAT(table->names(), ElementsAre("runtime.a", "runtime.b"));
  std::vector<std::string> missing;
  Binder binder(*table, "runtime.a", missing);
  Field<std::uint32_t> x;
  binder.required(x, "inner.x");
  EXPECT_EQ(x.offset, 8U);
  EXPECT_THAT(missing, ElementsAre());
}

TEST(TableLayoutsTest, AnExperimentReplacesDefinitions) {
  const auto table = open("go1.23.2 X:loud");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->find("runtime.a")->size, 24U);
  EXPECT_EQ(table->find("runtime.b")->size, 8U);
  EXPECT_TRUE(table->exact());
  // What two experiments make of the same struct together is not known.
  EXPECT_FALSE(open("go1.23.2 X:loud,odd")->exact());
}

TEST(TableLayoutsTest, SlicesAndStringsAreAsInDwarf) {
  const auto table = open("go1.23.2");
  EXPECT_EQ(table->find("[]*runtime.g")->field("len")->offset, 8U);
  EXPECT_EQ(table->find("string")->size, 16U);
}

TEST(TableLayoutsTest, DamageIsAnErrorOrAMissingStruct) {
  TableChoice choice = choices("go1.23.2").front();
  EXPECT_FALSE(TableLayouts::open(choice, {kReleases, "", kStructs}));
  EXPECT_FALSE(TableLayouts::open(choice, {kReleases, kSets, ""}));
  EXPECT_FALSE(TableLayouts::open(choice, {kReleases, "aaaaaaaa of aaaaaaaa\n", kStructs}));
  EXPECT_FALSE(TableLayouts::open(choice, {kReleases, "aaaaaaaa of\n", kStructs}));
  choice.base = "";
  EXPECT_FALSE(TableLayouts::open(choice, kTables));
  EXPECT_FALSE(chooseTables(version("go1.23"), "amd64", "rubbish\n"));
  EXPECT_FALSE(chooseTables(version("go1.23"), "amd64", "go1.23 amd64\n"));
}

TEST(TableLayoutsTest, DamagedTextNeverReadsBeyondItself) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string texts[] = {std::string(kSets), std::string(kStructs), std::string(kReleases)};
    for (int change = 0; change < 4; ++change) {
      std::string& text = texts[random() % 3];
      if (text.empty()) continue;
      if (random() % 4 == 0) text.resize(random() % text.size());
      if (!text.empty()) text[random() % text.size()] = " \n=-0afX"[random() % 8];
    }
    const auto found = chooseTables(version("go1.23.2 X:loud"), "amd64", texts[2]);
    if (!found) continue;
    for (const TableChoice& choice : *found) {
      const auto table = TableLayouts::open(choice, {texts[2], texts[0], texts[1]});
      if (!table) continue;
      for (const std::string_view name : (*table)->names()) {
        const StructLayout* layout = (*table)->find(name);
        if (layout == nullptr) continue;
        for (const FieldLayout& field : layout->fields) {
          EXPECT_LE(field.offset + field.size, layout->size);
        }
      }
      std::int64_t value = 0;
      (*table)->constant("runtime.kind", value);
    }
  }
}

TEST(ShippedTablesTest, EveryTableOpensAndHoldsWhatTheRuntimeReaderNeeds) {
  const std::string_view releases = shippedReleases();
  int tables = 0;
  for (int minor = kOldestGoMinor; minor <= newestGoMinor(); ++minor) {
    for (const char* arch : {"amd64", "arm64"}) {
      const auto found =
          chooseTables(version("go1." + std::to_string(minor) + ".0"), arch, releases);
      ASSERT_TRUE(found) << minor << arch;
      for (const TableChoice& choice : *found) {
        const auto table = TableLayouts::open(choice);
        ASSERT_TRUE(table) << choice.release << arch;
        ++tables;
        for (const std::string_view name : (*table)->names()) {
          ASSERT_NE((*table)->find(name), nullptr) << choice.release << name;
        }
        for (const char* name : {"runtime.g", "runtime.m", "runtime.hchan", "runtime.mspan",
                                 "net/http.Transport", "database/sql.DB", "context.cancelCtx"}) {
          EXPECT_NE((*table)->find(name), nullptr) << choice.release << name;
        }
      }
    }
  }
  EXPECT_GE(tables, 2 * (newestGoMinor() - kOldestGoMinor + 1));
}

}  // namespace
}  // namespace parked::image
