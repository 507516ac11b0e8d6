#include "command/kept_files.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <set>
#include <string>

#include "base/folder.h"
#include "command/oom_threshold.h"

namespace parked::command {
namespace {

using testing::UnorderedElementsAre;

TEST(OomThreshold, Words) {
  const auto share = parseOomThreshold("90.5%");
  ASSERT_TRUE(share);
  EXPECT_EQ(share->kind, OomThreshold::Kind::share);
  EXPECT_DOUBLE_EQ(share->percent, 90.5);
  const auto left = parseOomThreshold("200M");
  ASSERT_TRUE(left);
  EXPECT_EQ(left->kind, OomThreshold::Kind::left);
  EXPECT_EQ(left->bytes, 200U << 20);
  const auto stalled = parseOomThreshold("psi:10%");
  ASSERT_TRUE(stalled);
  EXPECT_EQ(stalled->kind, OomThreshold::Kind::stalled);
  for (const char* none : {"", "%", "0%", "-1%", "101%", "1e1%", "nan%", "inf%", "9 %", "90",
                           "psi:", "psi:10", "psi:10M", "200Mx", "90%%", "0x10%"}) {
    const auto threshold = parseOomThreshold(none);
    // A number alone is a size.
    EXPECT_EQ(threshold.has_value(), std::string(none) == "90") << none;
  }
}

OomReading used(std::uint64_t percent) { return {target::MemoryLevel{"", percent * 10, 1000}, {}}; }

TEST(OomTrigger, OnceUntilItWasClearlyBelow) {
  OomTrigger trigger({OomThreshold::Kind::share, 90, 0});
  EXPECT_FALSE(trigger.passed(used(89)));
  EXPECT_TRUE(trigger.passed(used(90)));
  EXPECT_FALSE(trigger.passed(used(99)));
  EXPECT_FALSE(trigger.passed(used(86)));
  EXPECT_FALSE(trigger.passed(used(95))) << "86 was not far enough below";
  EXPECT_FALSE(trigger.passed(used(84)));
  EXPECT_TRUE(trigger.passed(used(91)));
}

TEST(OomTrigger, OfWhatIsLeft) {
  OomTrigger trigger({OomThreshold::Kind::left, 0, 100});
  EXPECT_FALSE(trigger.passed(used(89)));
  EXPECT_TRUE(trigger.passed(used(90)));
  EXPECT_FALSE(trigger.passed(used(86)));
  EXPECT_FALSE(trigger.passed(used(84)));
  EXPECT_TRUE(trigger.passed(used(200))) << "more than there is";
}

TEST(OomTrigger, OfPressureThatIsSmall) {
  OomTrigger trigger({OomThreshold::Kind::stalled, 2, 0});
  EXPECT_TRUE(trigger.passed({{}, 2.5}));
  EXPECT_FALSE(trigger.passed({{}, 1.5}));
  EXPECT_FALSE(trigger.passed({{}, 2.5}));
  EXPECT_FALSE(trigger.passed({{}, 0.5}));
  EXPECT_TRUE(trigger.passed({{}, 2}));
}

TEST(KeptName, IsReadAsItIsWritten) {
  const KeptName name = KeptName::of("my service/x", 17, 1'796'075'105);
  EXPECT_EQ(name.text(), "my_service_x.17.20261130T214505Z");
  for (const char* ending : {".core", ".report.json", ".report.txt"}) {
    const auto read = KeptName::from(name.text() + ending);
    ASSERT_TRUE(read) << ending;
    EXPECT_EQ(read->text(), name.text());
    EXPECT_EQ(read->pid, 17);
  }
  EXPECT_TRUE(KeptName::from("a.b.c.1.20261130T214505Z.core"));
  for (const char* other :
       {"", ".core", "x.core", "1.20261130T214505Z.core", ".1.20261130T214505Z.core",
        "x.0.20261130T214505Z.core", "x.-1.20261130T214505Z.core", "x.y.20261130T214505Z.core",
        "x.1.20261130T214505.core", "x.1.2026113XT214505Z.core", "x.1.20261130T214505Z.core.zst",
        "x.99999999999.20261130T214505Z.core"}) {
    EXPECT_FALSE(KeptName::from(other)) << other;
  }
  EXPECT_EQ(KeptName::of("x", 1, -5).time, "19700101T000000Z");
  EXPECT_EQ(KeptName::of("x", 1, INT64_MAX).time, "19700101T000000Z");
}

class Kept : public testing::Test {
 protected:
  void put(const std::string& name, std::size_t size = 10) {
    folder_.write(name, std::string(size, 'x'));
  }
  std::set<std::string> names() const {
    std::set<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      all.insert(entry.path().filename());
    }
    return all;
  }
  Folder folder_;
};

TEST_F(Kept, TheOldestGoAndNothingElse) {
  put("b.1.20260101T000000Z.core");
  put("b.1.20260101T000000Z.report.txt");
  put("a.2.20260102T000000Z.core");
  put("a.2.20260103T000000Z.core");
  put("handler.log");
  put("x.core");
  std::filesystem::create_symlink("x.core", folder_.at("a.2.20250101T000000Z.core"));
  removeOldest(folder_.path(), {.moments = 2});
  EXPECT_THAT(names(),
              UnorderedElementsAre("a.2.20260102T000000Z.core", "a.2.20260103T000000Z.core",
                                   "handler.log", "x.core", "a.2.20250101T000000Z.core"));
}

TEST_F(Kept, AsManyBytesAsThereMayBeButTheNewestStays) {
  put("a.1.20260101T000000Z.core", 100);
  put("a.1.20260102T000000Z.core", 100);
  put("a.1.20260103T000000Z.core", 100);
  removeOldest(folder_.path(), {.bytes = 250});
  EXPECT_THAT(names(),
              UnorderedElementsAre("a.1.20260102T000000Z.core", "a.1.20260103T000000Z.core"));
  removeOldest(folder_.path(), {.bytes = 1});
  EXPECT_THAT(names(), UnorderedElementsAre("a.1.20260103T000000Z.core"));
}

TEST_F(Kept, OnlyThoseOfOneProcess) {
  put("a.1.20260101T000000Z.core");
  put("a.1.20260102T000000Z.core");
  put("a.2.20250101T000000Z.core");
  put("b.1.20250101T000000Z.core");
  const KeptName like{"a", 1, ""};
  removeOldest(folder_.path(), {.moments = 1}, &like);
  EXPECT_THAT(names(),
              UnorderedElementsAre("a.1.20260102T000000Z.core", "a.2.20250101T000000Z.core",
                                   "b.1.20250101T000000Z.core"));
  removeOldest(folder_.at("not there"), {.moments = 1});
}

}  // namespace
}  // namespace parked::command
