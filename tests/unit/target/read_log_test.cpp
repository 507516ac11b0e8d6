#include "target/read_log.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <vector>

namespace parked::target {
namespace {

/// Memory whose bytes are 1, 2, 3, ….
class ReadLogTest : public ::testing::Test {
 protected:
  static constexpr Addr kStart = 0x10000;
  ReadLogTest() : bytes_(3 * kPage) {
    for (std::size_t i = 0; i < bytes_.size(); ++i) bytes_[i] = static_cast<std::byte>(i % 255 + 1);
    Region region;
    region.start = kStart;
    region.end = kStart + bytes_.size();
    region.mapped = bytes_.data();
    memory_.add(region);
    // What was read before leaves hints, by which later reads must not pass the log.
    EXPECT_NE(memory_.word(kStart), 0U);
    memory_.record(&log_);
  }
  /// Numbers of the bytes that stay.
  std::vector<std::size_t> staying() {
    std::vector<std::byte> blanked = bytes_;
    log_.blank(kStart, blanked);
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < blanked.size(); ++i) {
      if (blanked[i] != std::byte{0}) found.push_back(i);
    }
    return found;
  }
  static std::vector<std::size_t> range(std::size_t from, std::size_t to) {
    std::vector<std::size_t> all;
    for (; from < to; ++from) all.push_back(from);
    return all;
  }

  std::vector<std::byte> bytes_;
  AddressSpace memory_;
  ReadLog log_;
};

TEST_F(ReadLogTest, KeepsTheBytesThatWereReadAndNoOthers) {
  EXPECT_TRUE(staying().empty());
  std::uint8_t byte = 0;
  ASSERT_TRUE(memory_.read(kStart + 5, byte));
  EXPECT_EQ(staying(), range(5, 6));
  ASSERT_EQ(memory_.bytes(kStart + kPage - 4, 8).size(), 8U);
  auto both = range(5, 6);
  std::ranges::copy(range(kPage - 4, kPage + 4), std::back_inserter(both));
  EXPECT_EQ(staying(), both);
}

TEST_F(ReadLogTest, IsNotToldWhatIsOnlyLookedThrough) {
  EXPECT_EQ(memory_.view(kStart, 100).size(), 100U);
  EXPECT_EQ(memory_.viewUpTo(kStart, 100).size(), 100U);
  EXPECT_TRUE(staying().empty());
  memory_.note(kStart + 10, 2);
  EXPECT_EQ(staying(), range(10, 12));
}

TEST_F(ReadLogTest, TakesAWordForReadOnlyIfItIsAnAddress) {
  EXPECT_NE(memory_.pointer(kStart), 0U);
  EXPECT_TRUE(staying().empty());
  const Addr inside = kStart + 100;
  std::memcpy(bytes_.data() + 8, &inside, sizeof inside);
  EXPECT_EQ(memory_.pointer(kStart + 8), inside);
  EXPECT_TRUE(log_.stays(kStart + 8));
}

TEST_F(ReadLogTest, ForgetsWhatWasOnlyTried) {
  {
    const ReadLog::Trial trial(&log_);
    memory_.word(kStart);
    memory_.noteText(kStart, 4, "text");
  }
  EXPECT_TRUE(staying().empty());
  EXPECT_TRUE(log_.texts().empty());
  {
    const ReadLog::Trial outer(&log_);
    ReadLog::Trial inner(&log_);
    memory_.word(kStart);
    inner.keep();
  }
  EXPECT_TRUE(staying().empty()) << "what the outer one has forgotten";
  {
    ReadLog::Trial outer(&log_);
    {
      const ReadLog::Trial inner(&log_);
      memory_.word(kStart + 64);
    }
    memory_.word(kStart);
    memory_.noteText(kStart, 4, "text");
    outer.keep();
  }
  EXPECT_EQ(staying(), range(0, 8));
  EXPECT_EQ(log_.texts().size(), 1U);
}

TEST_F(ReadLogTest, LeavesTextsOut) {
  const struct {
    Addr data;
    std::uint64_t length;
  } header{kStart + 200, 5};
  std::memcpy(bytes_.data(), &header, sizeof header);
  std::string text;
  ASSERT_TRUE(memory_.goString(kStart, text));
  ASSERT_TRUE(memory_.goText(kStart, 3));
  EXPECT_EQ(staying(), (std::vector<std::size_t>{0, 2, 8})) << "what of the header is no zero";
  ASSERT_EQ(log_.texts().size(), 2U);
  EXPECT_EQ(log_.texts()[0].data, header.data);
  EXPECT_EQ(log_.texts()[0].length, 5U);
  EXPECT_EQ(log_.texts()[0].shown, text);
}

TEST_F(ReadLogTest, PutsOtherTextInThePlaceOfText) {
  log_.noteIsText(kStart + 3, 2);
  std::vector<std::byte> blanked = bytes_;
  log_.blank(kStart, blanked);
  EXPECT_EQ(blanked[3], std::byte{'x'});
  EXPECT_EQ(blanked[4], std::byte{'x'});
  EXPECT_EQ(blanked[5], std::byte{0});
  log_.note(kStart + 3, 1);
  log_.blank(kStart, blanked = bytes_);
  EXPECT_EQ(blanked[3], bytes_[3]) << "what was read stays";
}

TEST_F(ReadLogTest, ARedactedTextIsWhatStandsForIt) {
  const struct {
    Addr data;
    std::uint64_t length;
  } header{kStart + 200, 5};
  std::memcpy(bytes_.data(), &header, sizeof header);
  memory_.redact({{{kStart + 200, 5}, "redacted-1"}});
  const auto text = memory_.goText(kStart, 3);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->shown(), "redacted-1");
  EXPECT_EQ(memory_.standIn(kStart + 300, 5), "redacted") << "that nobody has read";
}

}  // namespace
}  // namespace parked::target
