#include "target/proc.h"

#include <gtest/gtest.h>
#include <sstream>

namespace parked::target {
namespace {

ProcessMaps parsed(const std::string& text) {
  std::istringstream lines(text);
  return parseMaps(lines);
}

TEST(Maps, RegionsAreWhatCanBeReadAndMappingsWhatHasAFile) {
  const ProcessMaps maps = parsed(
      "00400000-00452000 r-xp 00001000 08:02 173521      /usr/bin/a b\n"
      "00651000-00652000 rw-p 00051000 08:02 173521      /usr/bin/a b (deleted)\n"
      "c000000000-c000400000 rw-p 00000000 00:00 0 \n"
      "c000400000-c004000000 ---p 00000000 00:00 0 \n"
      "7f0000000000-7f0000001000 rw-s 00000000 00:05 9   /dev/dri/card0\n"
      "7f0000001000-7f0000002000 rw-s 00000000 00:05 9   /dev/shm/x\n"
      "7ffd00000000-7ffd00001000 r--p 00000000 00:00 0   [vvar]\n"
      "7ffd00001000-7ffd00002000 r-xp 00000000 00:00 0   [vdso]\n");
  ASSERT_EQ(maps.regions.size(), 5U);
  EXPECT_EQ(maps.regions[0].start, 0x400000U);
  EXPECT_EQ(maps.regions[0].end, 0x452000U);
  EXPECT_TRUE(maps.regions[0].executable);
  EXPECT_FALSE(maps.regions[0].writable);
  EXPECT_EQ(maps.regions[2].start, 0xc000000000U);
  EXPECT_TRUE(maps.regions[2].writable);
  EXPECT_TRUE(maps.regions[3].shared);
  EXPECT_EQ(maps.regions[4].start, 0x7ffd00001000U) << "the kernel's own data is left out";
  ASSERT_EQ(maps.mappings.size(), 4U);
  EXPECT_EQ(maps.mappings[0].path, "/usr/bin/a b");
  EXPECT_EQ(maps.mappings[0].fileOffset, 0x1000U);
  EXPECT_EQ(maps.mappings[1].path, "/usr/bin/a b (deleted)");
}

TEST(Maps, LinesThatMakeNoSenseAreLeftOut) {
  for (const char* line :
       {"", "\n\n", "xyz", "1000-2000", "1000-2000 rw-p", "2000-1000 rw-p 0 0:0 0",
        "1000-1000 rw-p 0 0:0 0 /a", "-2000 rw-p 0 0:0 0 /a"}) {
    const ProcessMaps maps = parsed(line);
    EXPECT_TRUE(maps.regions.empty()) << line;
    EXPECT_TRUE(maps.mappings.empty()) << line;
  }
}

}  // namespace
}  // namespace parked::target
