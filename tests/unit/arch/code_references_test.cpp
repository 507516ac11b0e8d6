#include <gtest/gtest.h>

#include "arch/architecture.h"

namespace parked::arch {
namespace {

std::vector<CodeReference> refs(const Architecture& arch, Addr start, std::vector<unsigned> bytes) {
  std::vector<std::byte> code;
  code.reserve(bytes.size());
  for (const unsigned byte : bytes) code.push_back(static_cast<std::byte>(byte));
  std::vector<CodeReference> found;
  arch.scan.references(start, code, found);
  return found;
}

// As GNU as assembles them at 0x1000.
TEST(CodeReferences, Amd64) {
  const Architecture& amd64 = *byName("amd64");
  // lea rax, [rip+0x100]
  auto found = refs(amd64, 0x1000, {0x48, 0x8d, 0x05, 0x00, 0x01, 0x00, 0x00});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].target, 0x1107U);
  EXPECT_TRUE(found[0].address);
  // mov [rip-0x10], rcx
  found = refs(amd64, 0x1000, {0x48, 0x89, 0x0d, 0xf0, 0xff, 0xff, 0xff});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].target, 0xff7U);
  EXPECT_TRUE(found[0].store);
  EXPECT_EQ(found[0].width, 8U);
  // cmp dword [rip+0x100], 0: the immediate lies behind the displacement
  found = refs(amd64, 0x1000, {0x83, 0x3d, 0x00, 0x01, 0x00, 0x00, 0x00});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].target, 0x1107U);
  EXPECT_FALSE(found[0].store);
  EXPECT_EQ(found[0].width, 4U);
  // mov byte [rip+0x100], 1
  found = refs(amd64, 0x1000, {0xc6, 0x05, 0x00, 0x01, 0x00, 0x00, 0x01});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].target, 0x1107U);
  EXPECT_TRUE(found[0].store);
  EXPECT_EQ(found[0].width, 1U);
  // movzx eax, byte [rip+0x100]
  found = refs(amd64, 0x1000, {0x0f, 0xb6, 0x05, 0x00, 0x01, 0x00, 0x00});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].target, 0x1107U);
  EXPECT_EQ(found[0].width, 1U);
  // mov rax, [rbx+0x100]: not relative
  EXPECT_TRUE(refs(amd64, 0x1000, {0x48, 0x8b, 0x83, 0x00, 0x01, 0x00, 0x00}).empty());
  // cut off in the middle of a displacement
  EXPECT_TRUE(refs(amd64, 0x1000, {0x48, 0x8d, 0x05, 0x00, 0x01}).empty());
}

TEST(CodeReferences, Arm64) {
  const Architecture& arm64 = *byName("arm64");
  // adrp x27, 0x3000; add x0, x27, #0x120
  auto found = refs(arm64, 0x1000, {0x1b, 0x00, 0x00, 0xd0, 0x60, 0x83, 0x04, 0x91});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].target, 0x3120U);
  EXPECT_TRUE(found[0].address);
  // adrp x27, 0x0 (a page back); ldr x1, [x27, #8]
  found = refs(arm64, 0x1000, {0xfb, 0xff, 0xff, 0xf0, 0x61, 0x07, 0x40, 0xf9});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].target, 0x8U);
  EXPECT_EQ(found[0].width, 8U);
  EXPECT_FALSE(found[0].store);
  // adrp x27, 0x3000; str w2, [x27, #4]
  found = refs(arm64, 0x1000, {0x1b, 0x00, 0x00, 0xd0, 0x62, 0x07, 0x00, 0xb9});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].target, 0x3004U);
  EXPECT_EQ(found[0].width, 4U);
  EXPECT_TRUE(found[0].store);
  // the second is about another register
  EXPECT_TRUE(refs(arm64, 0x1000, {0x1b, 0x00, 0x00, 0xd0, 0x20, 0x00, 0x04, 0x91}).empty());
}

// adrp x27, 0x3000; add x27, x27, #0x120; and what follows.
std::vector<CodeReference> third(std::initializer_list<unsigned> instruction) {
  std::vector<unsigned> bytes{0x1b, 0x00, 0x00, 0xd0, 0x7b, 0x83, 0x04, 0x91};
  bytes.insert(bytes.end(), instruction);
  return refs(*byName("arm64"), 0x1000, bytes);
}

TEST(CodeReferences, TheThirdOfThreeInstructionsOfArm64) {
  // str x0, [x27]
  auto found = third({0x60, 0x03, 0x00, 0xf9});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].target, 0x3120U);
  EXPECT_TRUE(found[0].store);
  EXPECT_FALSE(found[0].address);
  EXPECT_EQ(found[0].width, 8U);
  // ldar w1, [x27]
  found = third({0x61, 0xff, 0xdf, 0x88});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found[0].store);
  EXPECT_FALSE(found[0].address);
  EXPECT_EQ(found[0].width, 4U);
  // stp x1, x2, [x27, #16]: both words
  found = third({0x61, 0x0b, 0x01, 0xa9});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].target, 0x3130U);
  EXPECT_EQ(found[1].target, 0x3138U);
  EXPECT_TRUE(found[0].store);
  EXPECT_TRUE(found[1].store);
  // str x27, [x0]: the address is what is stored
  found = third({0x1b, 0x00, 0x00, 0xf9});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].target, 0x3120U);
  EXPECT_TRUE(found[0].address);
  // nothing follows
  found = third({});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].address);
}

}  // namespace
}  // namespace parked::arch
