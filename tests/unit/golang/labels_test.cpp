#include "golang/labels.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>

#include "golang/synthetic.h"

namespace parked::golang {
namespace {

constexpr Addr kMemory = 0xc000000000;
constexpr std::uint64_t kSize = 1 << 16;

/// Labels of Go 1.24 and later: a slice of pairs of strings.
class LabelsTest : public testing::Test {
 protected:
  void SetUp() override {
    target.map(kMemory, kSize);
    image::Image::Parts parts;
    parts.build.version.minor = 24;
    parts.layouts = std::make_unique<test::SyntheticLayouts>();
    image = image::Image::assemble(target, std::move(parts));
    snapshot.image = image.get();
  }
  void slice(Addr at, Addr data, std::uint64_t length) {
    target.put(at, data);
    target.put(at + 8, length);
  }
  void string(Addr at, Addr data, std::uint64_t length) { slice(at, data, length); }

  test::SyntheticTarget target;
  std::unique_ptr<image::Image> image;
  Snapshot snapshot;
};

TEST_F(LabelsTest, ALongTextIsCutAndNotDamaged) {
  slice(kMemory, kMemory + 0x100, 1);
  target.putString(kMemory + 0x100, kMemory + 0x200, "key");
  string(kMemory + 0x110, kMemory + 0x1000, 0x8000);
  const std::string text(0x8000, 'x');
  target.put(kMemory + 0x1000, text.data(), text.size());
  LabelReader reader(snapshot);
  const Index set = reader.read(kMemory);
  ASSERT_NE(set, kNone);
  const auto& [key, value] = snapshot.labelSets[set].pairs.at(0);
  EXPECT_EQ(key, "key");
  EXPECT_EQ(value, text.substr(0, 4096) + "\u2026 (cut: 32768 bytes)");
  EXPECT_TRUE(snapshot.incomplete.empty());
}

TEST_F(LabelsTest, ALengthBeyondAllMemoryIsDamage) {
  target.putString(kMemory + 0x100, kMemory + 0x200, "key");
  LabelReader reader(snapshot);
  std::uint64_t count = 0;
  for (const std::uint64_t length : {kSize, 1UL << 40, ~0UL >> 1, 1UL << 63, ~0UL}) {
    const Addr at = kMemory + 0x20 * count++;
    slice(at, kMemory + 0x100, 1);
    string(kMemory + 0x110, kMemory + 0x1000, length);
    EXPECT_EQ(reader.read(at), kNone);
    ASSERT_EQ(snapshot.incomplete.entries().size(), 1U);
    EXPECT_EQ(snapshot.incomplete.entries()[0].count, count);
  }
}

// Many slices of the same long strings must not cost their length each.
TEST_F(LabelsTest, WhatAllLabelsTakeIsBounded) {
  constexpr std::uint64_t kPairs = 1000;
  for (std::uint64_t i = 0; i < 2 * kPairs; ++i) {
    string(kMemory + 0x4000 + 16 * i, kMemory + i % 0x1000, 0x3000);
  }
  LabelReader reader(snapshot);
  std::size_t read = 0;
  for (Addr at = kMemory; at < kMemory + 100 * 32; at += 32) {
    slice(at, kMemory + 0x4000, kPairs);
    read += reader.read(at) != kNone ? 1 : 0;
  }
  EXPECT_GT(read, 5U);
  EXPECT_LT(read, 30U);
  ASSERT_EQ(snapshot.incomplete.entries().size(), 1U);
  EXPECT_EQ(snapshot.incomplete.entries()[0].detail, "they are too many");
  EXPECT_EQ(snapshot.incomplete.entries()[0].count, 100 - read);
}

}  // namespace
}  // namespace parked::golang
