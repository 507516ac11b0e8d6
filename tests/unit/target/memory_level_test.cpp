#include "target/memory_level.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>

#include "base/folder.h"

namespace parked::target {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kMounts =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw shared:5 - cgroup cgroup rw,cpuset\n"
    "35 31 0:32 /pod /sys/fs/cgroup/the\\040memory rw shared:6 - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
    "42 31 0:39 / /odd rw - cgroup cgroup rw,memoryless\n"
    "43 31 - cgroup2\n\n - \n43";

TEST(MemoryLevel, MountsOfCgroupsThatCanTellOfMemory) {
  EXPECT_THAT(parseCgroupMounts(kMounts),
              ElementsAre(CgroupMount{false, "/pod", "/sys/fs/cgroup/the memory"},
                          CgroupMount{true, "/", "/sys/fs/cgroup/unified"}));
  EXPECT_THAT(parseCgroupMounts(""), IsEmpty());
  EXPECT_THAT(parseCgroupMounts(std::string(100'000, ' ')), IsEmpty());
}

TEST(MemoryLevel, WhichCgroupAProcessIsIn) {
  const CgroupPaths both = parseCgroupPaths("4:cpu,memory:/pod/a:b\n1:cpu:/\n0::/system.slice\n");
  EXPECT_EQ(both.memory, "/pod/a:b");
  EXPECT_EQ(both.unified, "/system.slice");
  const CgroupPaths none = parseCgroupPaths("0:\n:::\nmemory\n0::relative\n7:cpu:/x");
  EXPECT_FALSE(none.memory || none.unified);
}

TEST(MemoryLevel, FoldersFromTheInnermostUp) {
  const auto mounts = parseCgroupMounts(kMounts);
  EXPECT_THAT(
      cgroupFolders(mounts, {"/a/b", "/pod/c"}, "/proc/7/root"),
      ElementsAre("/proc/7/root/sys/fs/cgroup/the memory/c",
                  "/proc/7/root/sys/fs/cgroup/the memory", "/proc/7/root/sys/fs/cgroup/unified/a/b",
                  "/proc/7/root/sys/fs/cgroup/unified/a", "/proc/7/root/sys/fs/cgroup/unified"));
  // Another's cgroup, and one whose name begins like ours.
  EXPECT_THAT(cgroupFolders(mounts, {"/../other", "/podium"}, ""), IsEmpty());
  // The same way out in both: what is mounted there is that of the other container.
  EXPECT_THAT(cgroupFolders({{true, "/../other", "/sys/fs/cgroup"}}, {"/../other", {}}, "/root"),
              ElementsAre("/root/sys/fs/cgroup"));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "/x";
  EXPECT_EQ(cgroupFolders({{true, "/", "/c"}}, {deep, {}}, "").size(), 64U);
}

class Cgroup {
 public:
  void put(const std::string& name, const std::string& text) const { folder_.write(name, text); }
  std::optional<MemoryLevel> level() const { return cgroupLevel(folder_.path()); }

 private:
  Folder folder_;
};

TEST(MemoryLevel, VersionTwo) {
  const Cgroup group;
  EXPECT_FALSE(group.level());
  group.put("memory.current", "900\n");
  group.put("memory.max", "max\n");
  group.put("memory.high", "max\n");
  EXPECT_FALSE(group.level());
  group.put("memory.max", "1000\n");
  ASSERT_TRUE(group.level());
  EXPECT_EQ(group.level()->used, 900U);
  EXPECT_EQ(group.level()->left(), 100U);
  EXPECT_DOUBLE_EQ(group.level()->percent(), 90);
  // Pages of files that nobody uses are taken back before anybody is killed.
  group.put("memory.stat", "anon 5\ninactive_file_x 7\nactive_file 1\ninactive_file 400\n");
  EXPECT_EQ(group.level()->used, 500U);
  group.put("memory.high", "600\n");
  EXPECT_EQ(group.level()->limit, 600U);
  group.put("memory.stat", "inactive_file 4000\n");
  EXPECT_EQ(group.level()->used, 0U);
  group.put("memory.max", "0\n");
  EXPECT_FALSE(group.level());
}

TEST(MemoryLevel, VersionOne) {
  const Cgroup group;
  group.put("memory.usage_in_bytes", "900\n");
  group.put("memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_FALSE(group.level());
  group.put("memory.limit_in_bytes", "1000\n");
  group.put("memory.stat", "inactive_file 300\ntotal_inactive_file 100\n");
  ASSERT_TRUE(group.level());
  EXPECT_EQ(group.level()->used, 800U);
}

TEST(MemoryLevel, WhatIsNoNumberIsNoLevel) {
  const Cgroup group;
  for (const char* text : {"", "x", "-1", "99999999999999999999999", "\n"}) {
    group.put("memory.current", text);
    group.put("memory.max", "1000");
    EXPECT_FALSE(group.level()) << text;
    group.put("memory.current", "1");
    group.put("memory.max", text);
    EXPECT_FALSE(group.level()) << text;
  }
}

TEST(MemoryLevel, OfTheMachine) {
  const auto level =
      machineLevel("MemTotal:       2000 kB\nMemFree: 1 kB\nMemAvailable:    500 kB\n");
  ASSERT_TRUE(level);
  EXPECT_EQ(level->limit, 2000U * 1024);
  EXPECT_EQ(level->used, 1500U * 1024);
  EXPECT_EQ(level->where, "");
  EXPECT_FALSE(machineLevel("MemTotal: 2000 kB\n"));
  EXPECT_FALSE(machineLevel("MemTotal: 0 kB\nMemAvailable: 0 kB\n"));
  EXPECT_FALSE(machineLevel("MemTotal: 18446744073709551615 kB\nMemAvailable: 0 kB\n"));
}

TEST(MemoryLevel, Pressure) {
  EXPECT_DOUBLE_EQ(*parseStalled("some avg10=55.00 avg60=1\nfull avg10=12.34 avg60=0.00 total=1\n"),
                   12.34);
  for (const char* text : {"", "some avg10=1\n", "full avg10=\n", "full avg10=x\n",
                           "full avg10=-1\n", "full avg10=nan\n", "full avg10=inf\n"}) {
    EXPECT_FALSE(parseStalled(text)) << text;
  }
}

TEST(MemoryLevel, OfThisProcess) {
  MemoryGauge gauge(getpid());
  const auto levels = gauge.levels();
  ASSERT_TRUE(levels) << levels.error().message;
  ASSERT_FALSE(levels->empty());
  for (const MemoryLevel& level : *levels) EXPECT_GT(level.limit, 0U) << level.where;
  const auto nobody = MemoryGauge(0x7fffffff).levels();
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ErrorCode::gone);
}

}  // namespace
}  // namespace parked::target
