// Descriptors of maps, whole and damaged.
#include "image/runtime_types.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "golang/synthetic.h"

namespace parked::image {
namespace {

constexpr Addr kTypes = 0x600000, kMap = kTypes + 0x100, kName = kTypes + 0x800;

/// What all descriptors begin with.
void addType(test::SyntheticLayouts& layouts) {
  layouts.add("internal/abi.Type", 24,
              {{"Size_", 0, 8, "uintptr"},
               {"PtrBytes", 8, 8, "uintptr"},
               {"TFlag", 16, 1, "uint8"},
               {"Kind_", 17, 1, "uint8"},
               {"Str", 20, 4, "int32"}});
}

/// A map of Go 1.27, whose descriptor says where keys and elements are.
class MapTypeTest : public testing::Test {
 protected:
  void SetUp() override {
    target.map(kTypes, 0x1000);
    addType(layouts);
    layouts.add("internal/abi.MapType", 96,
                {{"Key", 24, 8, "*internal/abi.Type"},
                 {"Elem", 32, 8, "*internal/abi.Type"},
                 {"GroupSize", 40, 8, "uintptr"},
                 {"KeysOff", 48, 8, "uintptr"},
                 {"KeyStride", 56, 8, "uintptr"},
                 {"ElemsOff", 64, 8, "uintptr"},
                 {"ElemStride", 72, 8, "uintptr"},
                 {"Flags", 80, 4, "uint32"}});
    Module module;
    module.types = kTypes;
    module.typesEnd = kTypes + 0x1000;
    modules.push_back(module);
    target.put(kMap, std::uint64_t{8});
    target.put(kMap + 17, static_cast<std::uint8_t>(TypeKind::map));
    target.put(kMap + 20, static_cast<std::int32_t>(kName - kTypes));
    target.put(kName + 1, std::uint8_t{3});
    target.put(kName + 2, "map", 3);
    shape(8 + 8 * 16, 8, 16, 16, 16);
  }
  void shape(std::uint64_t group, std::uint64_t keys, std::uint64_t keyStride,
             std::uint64_t elements, std::uint64_t elementStride) {
    const std::uint64_t words[] = {group, keys, keyStride, elements, elementStride};
    target.put(kMap + 40, words, sizeof words);
  }
  const RuntimeType* type() {
    types = std::make_unique<RuntimeTypes>(target.memory(), layouts, modules);
    return types->at(kMap);
  }

  test::SyntheticTarget target;
  test::SyntheticLayouts layouts;
  ModuleList modules;
  std::unique_ptr<RuntimeTypes> types;
};

TEST_F(MapTypeTest, Whole) {
  ASSERT_NE(type(), nullptr);
  EXPECT_TRUE(type()->map.swiss);
  EXPECT_EQ(type()->map.groupSize, 136U);
  EXPECT_EQ(type()->map.elementOffset, 16U);
}

TEST_F(MapTypeTest, GroupWithoutRoomForItsHashes) {
  shape(1, 0, 0, 0, 0);
  EXPECT_EQ(type(), nullptr);
  shape(7, 0, 1, 0, 0);
  EXPECT_EQ(type(), nullptr);
}

TEST_F(MapTypeTest, EntriesOutsideOfTheGroup) {
  shape(136, 8, 19, 16, 16);
  EXPECT_EQ(type(), nullptr);
  shape(136, 8, 16, 137, 0);
  EXPECT_EQ(type(), nullptr);
  // 2^64 + 8 between them: the last one seems to be inside.
  shape(136, 8, (~std::uint64_t{0} - 8) / 7 + 2, 16, 16);
  EXPECT_EQ(type(), nullptr);
  shape(136, ~std::uint64_t{0} - 6, 1, 16, 16);
  EXPECT_EQ(type(), nullptr);
}

// Two thousand descriptors, all with the same fields of the same long name: 400 KB in the target.
TEST(RuntimeTypes, WhatIsKeptOfOverlappingDescriptorsIsBounded) {
  constexpr std::uint64_t kFieldCount = 100, kNameSize = 16000, kCount = 2000;
  constexpr Addr kStructs = kTypes + 0x1000, kFields = kTypes + 0x20000,
                 kLongName = kFields + 0x1000;
  test::SyntheticTarget target;
  test::SyntheticLayouts layouts;
  addType(layouts);
  layouts.add("internal/abi.StructType", 48, {{"Fields", 24, 24, "[]internal/abi.StructField"}});
  layouts.add("internal/abi.StructField", 24,
              {{"Name", 0, 8, "internal/abi.Name"},
               {"Typ", 8, 8, "*internal/abi.Type"},
               {"Offset", 16, 8, "uintptr"}});
  target.map(kTypes, 0x40000);
  const Addr name = kTypes + 0x800;
  target.put(name + 1, std::uint8_t{1});
  target.put(name + 2, "S", 1);
  target.put(kLongName + 1, static_cast<std::uint8_t>((kNameSize & 0x7f) | 0x80));
  target.put(kLongName + 2, static_cast<std::uint8_t>(kNameSize >> 7));
  const std::string text(kNameSize, 'f');
  target.put(kLongName + 3, text.data(), text.size());
  for (std::uint64_t i = 0; i < kFieldCount; ++i) target.put(kFields + i * 24, kLongName);
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const Addr type = kStructs + i * 48;
    target.put(type + 17, static_cast<std::uint8_t>(TypeKind::structure));
    target.put(type + 20, static_cast<std::int32_t>(name - kTypes));
    target.put(type + 24, kFields);
    target.put(type + 32, kFieldCount);
  }
  Module module;
  module.types = kTypes;
  module.typesEnd = kTypes + 0x40000;
  const ModuleList modules{module};
  RuntimeTypes types(target.memory(), layouts, modules);
  std::uint64_t told = 0;
  while (told < kCount && types.at(kStructs + told * 48) != nullptr) ++told;
  EXPECT_GT(told, 100U);
  EXPECT_LT(told, 200U) << "1.6 MB each, 256 MB together";
  ASSERT_NE(types.at(kStructs), nullptr) << "what was told stays";
  EXPECT_EQ(types.at(kStructs)->fields.size(), kFieldCount);
}

/// A struct of Go 1.27 with two methods, of which the linker has left the code out.
class MethodsTest : public testing::Test {
 protected:
  static constexpr Addr kType = kTypes + 0x100, kUncommon = kType + 48, kMethods = kTypes + 0x400;

  void SetUp() override {
    target.map(kTypes, 0x1000);
    addType(layouts);
    layouts.add("internal/abi.StructType", 48, {{"Fields", 24, 24, "[]internal/abi.StructField"}});
    layouts.add("internal/abi.StructField", 24,
                {{"Name", 0, 8, "internal/abi.Name"},
                 {"Typ", 8, 8, "*internal/abi.Type"},
                 {"Offset", 16, 8, "uintptr"}});
    layouts.add("internal/abi.UncommonType", 16,
                {{"PkgPath", 0, 4, "internal/abi.NameOff"},
                 {"Mcount", 4, 2, "uint16"},
                 {"Moff", 8, 4, "uint32"}});
    layouts.add("internal/abi.Method", 16, {{"Name", 0, 4, "internal/abi.NameOff"}});
    Module module;
    module.types = kTypes;
    module.typesEnd = kTypes + 0x1000;
    modules.push_back(module);
    target.put(kType + 16, std::uint8_t{1 | 4});  // uncommon, named
    target.put(kType + 17, static_cast<std::uint8_t>(TypeKind::structure));
    target.put(kType + 20, name(0x800, "main.T"));
    target.put(kUncommon + 4, std::uint16_t{2});
    target.put(kUncommon + 8, static_cast<std::uint32_t>(kMethods - kUncommon));
    target.put(kMethods, name(0x820, "Close"));
    target.put(kMethods + 16, name(0x840, "run"));
  }
  std::int32_t name(std::int32_t at, std::string_view text) {
    target.put(kTypes + at + 1, static_cast<std::uint8_t>(text.size()));
    target.put(kTypes + at + 2, text.data(), text.size());
    return at;
  }
  std::vector<std::string> methods() {
    RuntimeTypes types(target.memory(), layouts, modules);
    const RuntimeType* type = types.at(kType);
    return type == nullptr ? std::vector<std::string>{"no type"} : types.methodNames(*type);
  }

  test::SyntheticTarget target;
  test::SyntheticLayouts layouts;
  ModuleList modules;
};

TEST_F(MethodsTest, Names) { EXPECT_EQ(methods(), (std::vector<std::string>{"Close", "run"})); }

TEST_F(MethodsTest, NoneWithoutTheFlag) {
  target.put(kType + 16, std::uint8_t{4});
  EXPECT_TRUE(methods().empty());
}

TEST_F(MethodsTest, AsManyAsThereAreInMemory) {
  target.put(kUncommon + 4, std::uint16_t{0xffff});
  target.put(kUncommon + 8, std::uint32_t{0x1000 - 0x20 - 0x130});
  EXPECT_LT(methods().size(), 4U);
}

}  // namespace
}  // namespace parked::image
