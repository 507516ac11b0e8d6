// A file is replaced as a whole.

#include "base/replace_file.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/folder.h"

namespace parked {
namespace {

class ReplaceFile : public testing::Test {
 protected:
  std::string path(const char* name) const { return folder_.at(name); }
  static std::string read(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }

 private:
  Folder folder_;
};

TEST_F(ReplaceFile, WhoHasItOpenGoesOnReadingTheOldOne) {
  ASSERT_TRUE(replaceFile(path("a"), "old"));
  std::ifstream before(path("a"));
  ASSERT_TRUE(replaceFile(path("a"), "something new"));
  EXPECT_EQ(read(path("a")), "something new");
  std::string seen;
  before >> seen;
  EXPECT_EQ(seen, "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(ReplaceFile, ALinkStaysOneAndModesStay) {
  ASSERT_TRUE(replaceFile(path("a"), "old"));
  ASSERT_EQ(chmod(path("a").c_str(), 0640), 0);
  ASSERT_EQ(symlink(path("a").c_str(), path("link").c_str()), 0);
  ASSERT_TRUE(replaceFile(path("link"), "new"));
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  EXPECT_EQ(read(path("a")), "new");
  struct stat status{};
  ASSERT_EQ(stat(path("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
}

TEST_F(ReplaceFile, AFailureNamesTheFileAndLeavesNothingBehind) {
  const auto nowhere = replaceFile(path("no/where"), "text");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().message,
            path("no/where") + " cannot be written: No such file or directory");
  ASSERT_TRUE(std::filesystem::create_directory(path("folder")));
  EXPECT_FALSE(replaceFile(path("folder"), "text"));
  EXPECT_EQ(files(), 1U);
}

TEST_F(ReplaceFile, OneThatIsAddedReplacesNothing) {
  const auto added = addFile(path("a"), "first");
  ASSERT_TRUE(added);
  EXPECT_TRUE(*added);
  const auto again = addFile(path("a"), "second");
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
  EXPECT_EQ(read(path("a")), "first");
  EXPECT_EQ(files(), 1U);
  const auto nowhere = addFile(path("no/where"), "text");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().message,
            path("no/where") + " cannot be written: No such file or directory");
}

TEST_F(ReplaceFile, ANewFileHasItsNameAtTheEndOrIsGone) {
  const std::string name = path("new");
  {
    auto half = NewFile::make(name, 0600);
    ASSERT_TRUE(half) << half.error().message;
    ASSERT_EQ(write(half->descriptor(), "half", 4), 4);
  }
  EXPECT_EQ(files(), 0U);
  auto whole = NewFile::make(name, 0600);
  ASSERT_TRUE(whole);
  ASSERT_EQ(write(whole->descriptor(), "whole", 5), 5);
  EXPECT_FALSE(std::filesystem::exists(name));
  ASSERT_TRUE(whole->finish());
  EXPECT_EQ(std::filesystem::file_size(name), 5U);
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(name).permissions()), 0600U);
  EXPECT_FALSE(NewFile::make(path("no/folder"), 0600));
  EXPECT_TRUE(NewFile::make("/dev/null", 0600)) << "no regular file: it is written to";
}

TEST_F(ReplaceFile, WhatIsNoFileIsWrittenTo) {
  EXPECT_TRUE(replaceFile("/dev/null", "text"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace parked
