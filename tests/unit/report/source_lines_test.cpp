// Where lines of source are looked for, and which files are read.

#include "report/source_lines.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <string>

#include "../base/folder.h"
#include "../leak/fake_program.h"

namespace parked::report {
namespace {

namespace fs = std::filesystem;

class SourceLinesTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    return folder_.write(name, text);
  }
  std::string at(const std::string& name) const { return folder_.at(name); }

  SourceLines make(std::time_t builtAt = 0, SourcePaths paths = {}) {
    return {code,
            "go1.26.8 X:nogreenteagc",
            builtAt,
            std::move(paths),
            {at("mod"), {at("other"), at("goroot")}}};
  }
  static std::string text(SourceLines& lines, const std::string& file, int line) {
    const auto found = lines.of(file, line);
    return found ? found->text : "-";
  }

  fake::Code code;

 private:
  Folder folder_;
};

TEST_F(SourceLinesTest, TheLineWithoutBlanksAroundIt) {
  const std::string file = write("a.go", "package main\n\n\t\tc <- 1 // sent \t\r\nlast");
  SourceLines lines = make();
  EXPECT_EQ(text(lines, file, 1), "package main");
  EXPECT_EQ(text(lines, file, 2), "-");
  EXPECT_EQ(text(lines, file, 3), "c <- 1 // sent");
  EXPECT_EQ(text(lines, file, 4), "last");
  EXPECT_EQ(text(lines, file, 5), "-");
  EXPECT_EQ(text(lines, file, 0), "-");
  EXPECT_EQ(text(lines, file, -1), "-");
  EXPECT_EQ(text(lines, at("b.go"), 1), "-");
}

TEST_F(SourceLinesTest, ALongLineIsCut) {
  SourceLines lines = make();
  EXPECT_EQ(text(lines, write("a.go", std::string(100'000, 'x')), 1).size(), 240U);
}

TEST_F(SourceLinesTest, OnlyFilesOfSource) {
  SourceLines lines = make();
  const std::string secret = write("passwd", "secret\n");
  fs::create_symlink(secret, at("link.go"));
  fs::create_symlink(write("real.go", "fine\n"), at("alias.go"));
  fs::create_directory(at("folder.go"));
  EXPECT_EQ(text(lines, secret, 1), "-");
  EXPECT_EQ(text(lines, at("link.go"), 1), "-");
  EXPECT_EQ(text(lines, at("alias.go"), 1), "fine");
  EXPECT_EQ(text(lines, at("folder.go"), 1), "-");
  EXPECT_EQ(text(lines, write("asm.s", "TEXT f\n"), 1), "TEXT f");
  EXPECT_EQ(text(lines, at("x/../real.go"), 1), "-");
}

TEST_F(SourceLinesTest, AFileThatIsNewerThanTheProgramIsMarked) {
  const std::string file = write("a.go", "package main\n");
  SourceLines before = make(1), after = make(std::time(nullptr) + 100), unknown = make();
  EXPECT_TRUE(before.of(file, 1)->newer);
  EXPECT_FALSE(after.of(file, 1)->newer);
  EXPECT_FALSE(unknown.of(file, 1)->newer);
}

TEST_F(SourceLinesTest, PathsThatAreSaidToBeElsewhere) {
  write("here/api/a.go", "mapped\n");
  SourceLines lines = make(0, {{"/build/shop", at("here")}, {"example.com/shop/", at("here")}});
  EXPECT_EQ(text(lines, "/build/shop/api/a.go", 1), "mapped");
  EXPECT_EQ(text(lines, "/build/shopping/api/a.go", 1), "-");
  EXPECT_EQ(text(lines, "example.com/shop/api/a.go", 1), "mapped");
  EXPECT_EQ(text(lines, "/build/shop/../shop/api/a.go", 1), "-");
  // Who says where it is means no other place.
  const std::string file = write("build/a.go", "as recorded\n");
  SourceLines other = make(0, {{at("build"), at("nowhere")}});
  EXPECT_EQ(text(other, file, 1), "-");
}

TEST_F(SourceLinesTest, TheStandardLibraryIsOfItsRelease) {
  write("other/VERSION", "go1.26.7\ntime 2026-01-01\n");
  write("other/src/net/http/server.go", "of another release\n");
  write("goroot/VERSION", "go1.26.8\ntime 2026-02-01\n");
  write("goroot/src/net/http/server.go", "of this one\n");
  code.root = "/nowhere/go/src/";
  SourceLines lines = make(1);
  EXPECT_EQ(text(lines, "net/http/server.go", 1), "of this one");
  EXPECT_EQ(text(lines, "/nowhere/go/src/net/http/server.go", 1), "of this one");
  EXPECT_FALSE(lines.of("net/http/server.go", 1)->newer);
  EXPECT_EQ(text(lines, "net/http/../http/server.go", 1), "-");
  // Where the compiler had it there is another release now.
  code.root = at("other/src/");
  SourceLines moved = make(1);
  EXPECT_EQ(text(moved, at("other/src/net/http/server.go"), 1), "of this one");
}

TEST_F(SourceLinesTest, TheModuleCache) {
  write("mod/github.com/!azure/x@v1.2.3/Sub/f.go", "cached\n");
  SourceLines lines = make(1);
  EXPECT_EQ(text(lines, "github.com/Azure/x@v1.2.3/Sub/f.go", 1), "cached");
  EXPECT_EQ(text(lines, "/ci/go/pkg/mod/github.com/!azure/x@v1.2.3/Sub/f.go", 1), "cached");
  EXPECT_FALSE(lines.of("github.com/Azure/x@v1.2.3/Sub/f.go", 1)->newer);
  EXPECT_EQ(text(lines, "github.com/Azure/x@v1.2.4/Sub/f.go", 1), "-");
}

}  // namespace
}  // namespace parked::report
