#include "golang/types.h"

#include <gtest/gtest.h>

#include "golang/synthetic_runtime.h"

namespace parked::golang {
namespace {

class TypesTest : public testing::Test {
 protected:
  test::SyntheticRuntime runtime{test::Era::go126};
  StringTable strings;
  Addr types = 0;
  TypeNames names{runtime.target.memory(), runtime.layouts, runtime.modules, strings};

  void SetUp() override {
    types = runtime.allocate(1 << 16);
    image::Module module;
    module.types = types;
    module.typesEnd = types + (1 << 16);
    runtime.modules.push_back(module);
  }
  Addr type(std::uint32_t at, std::int32_t str, std::uint8_t flags) {
    runtime.set(types + at, "internal/abi.Type", "Str", static_cast<std::uint32_t>(str));
    runtime.set(types + at, "internal/abi.Type", "TFlag", flags);
    return types + at;
  }
  void text(std::uint32_t at, std::string_view name) {
    std::string bytes(1, '\1');
    for (std::size_t n = name.size();; n >>= 7) {
      bytes.push_back(static_cast<char>((n & 0x7f) | (n >= 0x80 ? 0x80 : 0)));
      if (n < 0x80) break;
    }
    bytes += name;
    runtime.target.put(types + at, bytes.data(), bytes.size());
  }
  std::string_view name(Addr descriptor) { return strings[names.name(descriptor)]; }
};

TEST_F(TypesTest, NameAndExtraStar) {
  text(0x1000, "*main.job");
  EXPECT_EQ(name(type(0x100, 0x1000, 0)), "*main.job");
  EXPECT_EQ(name(type(0x200, 0x1000, 2)), "main.job");
  EXPECT_EQ(name(types + 0x200), "main.job");  // from the cache
}

TEST_F(TypesTest, LongNameHasALongerLength) {
  const std::string longName = "struct { " + std::string(300, 'x') + " int }";
  text(0x1000, longName);
  EXPECT_EQ(name(type(0x100, 0x1000, 0)), longName);
}

TEST_F(TypesTest, DamageGivesNoName) {
  EXPECT_EQ(name(0), "");
  EXPECT_EQ(name(types - 8), "");                // made by reflect: outside the module
  EXPECT_EQ(name(type(0x100, -5, 0)), "");       // reflect's own name offsets
  EXPECT_EQ(name(type(0x200, 1 << 20, 0)), "");  // behind the types
  EXPECT_EQ(name(type(0x300, 0x2000, 0)), "");   // a name of no length
  text(0x3000, "bad\nname");
  EXPECT_EQ(name(type(0x400, 0x3000, 0)), "");
  const unsigned char endless[] = {1, 0xff, 0xff, 0xff, 0xff, 0xff};
  runtime.target.put(types + 0x4000, endless, sizeof endless);
  EXPECT_EQ(name(type(0x500, 0x4000, 0)), "");
  text(0xfff0, "main.reachesBehindTheEndOfAll");
}

// Thousands of descriptors that all have the same long name: 320 KB in the target.
TEST_F(TypesTest, NamesAreBoundedTogether) {
  constexpr std::uint32_t kSize = 1 << 19, kName = 0x70000, kMost = 5000;
  image::Module module;
  types = module.types = 0x7000000;
  runtime.target.map(types, kSize);
  module.typesEnd = module.types + kSize;
  runtime.modules.push_back(module);
  text(kName, std::string(16000, 'x'));
  std::uint32_t told = 0;
  while (told < kMost && !name(type(64 * told, kName, 0)).empty()) ++told;
  EXPECT_GT(told, 4000U);
  EXPECT_LT(told, 4500U) << "64 MB together";
  EXPECT_EQ(name(types).size(), 16000U) << "what was told stays";
}

}  // namespace
}  // namespace parked::golang
