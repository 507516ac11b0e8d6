#include "image/name_index.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace parked::image {
namespace {

TEST(NameIndexTest, GrowsAndFindsEverything) {
  std::vector<std::string> names;
  for (int i = 0; i < 5000; ++i) names.push_back("name" + std::to_string(i));
  NameIndex index;
  const auto nameOf = [&](std::uint32_t id) { return std::string_view(names[id]); };
  for (std::uint32_t i = 0; i < names.size(); ++i) index.add(names[i], i, nameOf);
  for (std::uint32_t i = 0; i < names.size(); ++i) ASSERT_EQ(index.find(names[i], nameOf), i);
  EXPECT_EQ(index.find("name5000", nameOf), NameIndex::kNone);
}

TEST(NameIndexTest, TheFirstOfEqualNamesWinsAlsoAfterGrowing) {
  std::vector<std::string> names{"twice", "twice"};
  for (int i = 0; i < 1000; ++i) names.push_back(std::to_string(i));
  NameIndex index;
  const auto nameOf = [&](std::uint32_t id) { return std::string_view(names[id]); };
  for (std::uint32_t i = 0; i < names.size(); ++i) index.add(names[i], i, nameOf);
  EXPECT_EQ(index.find("twice", nameOf), 0u);
}

TEST(NameIndexTest, Empty) {
  const NameIndex index;
  EXPECT_EQ(index.find("x", [](std::uint32_t) { return std::string_view("x"); }), NameIndex::kNone);
}

}  // namespace
}  // namespace parked::image
