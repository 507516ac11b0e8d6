// Masks of types by descriptors as package runtime had them and as internal/abi has them.
#include "heap/type_masks.h"

#include <gtest/gtest.h>

#include "golang/synthetic.h"

namespace parked::heap {
namespace {

constexpr Addr kType = 0x650000, kMask = kType + 48;

/// The descriptor of two pairs of a number and a pointer.
class TypeMasksTest : public testing::Test {
 protected:
  TypeMasksTest() {
    target_.map(kType, 4096);
    target_.put(kType, std::uint64_t{32});
    target_.put(kType + 8, std::uint64_t{32});
    target_.put(kType + 32, kMask);
    target_.put(kMask, std::uint8_t{0b1010});
  }

  image::Image& image(const char* name, std::vector<image::FieldLayout> fields) {
    auto layouts = std::make_unique<test::SyntheticLayouts>();
    layouts->add(name, 48, std::move(fields));
    image::Image::Parts parts;
    parts.build.version.minor = 22;
    parts.layouts = std::move(layouts);
    parts.functions = makeFunctions(target_, {{.name = "runtime.goexit", .top = true}});
    image_ = image::Image::assemble(target_, std::move(parts));
    return *image_;
  }

  test::SyntheticTarget target_;
  std::unique_ptr<image::Image> image_;
};

TEST_F(TypeMasksTest, OfDescriptorsInInternalAbi) {
  TypeMasks masks(image("internal/abi.Type", {{"Size_", 0, 8, ""},
                                              {"PtrBytes", 8, 8, ""},
                                              {"TFlag", 20, 1, ""},
                                              {"Kind_", 23, 1, ""},
                                              {"GCData", 32, 8, ""},
                                              {"Str", 40, 4, ""}}));
  const TypeMask& mask = masks.of(kType);
  ASSERT_TRUE(mask.known);
  EXPECT_EQ(mask.size, 32U);
  EXPECT_EQ(mask.pointerWords, 4U);
  ASSERT_EQ(mask.mask.size(), 1U);
  EXPECT_EQ(mask.mask[0], std::byte{0b1010});
}

TEST_F(TypeMasksTest, NoneWithoutWhereTheMaskIs) {
  TypeMasks masks(image("internal/abi.Type", {{"Size_", 0, 8, ""},
                                              {"PtrBytes", 8, 8, ""},
                                              {"TFlag", 20, 1, ""},
                                              {"Kind_", 23, 1, ""},
                                              {"Str", 40, 4, ""}}));
  EXPECT_FALSE(masks.of(kType).known);
}

TEST_F(TypeMasksTest, NoneOfDescriptorsInPackageRuntime) {
  TypeMasks masks(image("runtime._type", {{"size", 0, 8, ""},
                                          {"ptrdata", 8, 8, ""},
                                          {"tflag", 20, 1, ""},
                                          {"kind", 23, 1, ""},
                                          {"gcdata", 32, 8, ""},
                                          {"str", 40, 4, ""}}));
  EXPECT_FALSE(masks.of(kType).known) << "heaps of those releases have no headers with types";
}

}  // namespace
}  // namespace parked::heap
