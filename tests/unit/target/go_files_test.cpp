#include "target/go_files.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

#include "../base/folder.h"
#include "elf_builder.h"
#include "target/elf_file.h"
#include "target/target.h"

namespace parked::target {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Addr kProgram = 0x400000;
constexpr Addr kLibrary = 0x7f0000000000;
constexpr Addr kOther = 0x7f0000100000;
constexpr Addr kPrivate = 0xc000000000;
// Of a library: code, then variables, of which the file has the first page.
constexpr Addr kVariables = 0x2000, kBss = 0x3000, kEnd = 0x6000;

/// A page of variables with Go's build information in it.
Bytes variables(bool go, std::string_view settings = "") {
  Bytes page = filled(kBss - kVariables, 0x11);
  if (!go) return page;
  const std::string text = std::string("\xff Go buildinf:\x08\x02") + std::string(16, '\0') +
                           "\x08go1.22.1" + std::string(settings);
  std::memcpy(page.data() + 0x40, text.data(), text.size());
  return page;
}

Bytes library(std::string_view id, bool go = true, std::string_view settings = "") {
  ElfBuilder builder(ET_DYN);
  builder.segment(PT_NOTE, 0xf00, PF_R, goBuildId(id));
  builder.segment(PT_LOAD, 0, PF_R | PF_X, filled(kVariables, 0x90));
  builder.segment(PT_LOAD, kVariables, PF_R | PF_W, variables(go, settings), kEnd - kVariables);
  return builder.build();
}

/// The first page as the kernel dumps it.
Bytes firstPageOfLibrary(std::string_view id) {
  Bytes page = library(id);
  page.resize(0x1000);
  const Bytes text = goBuildId(id);
  std::copy(text.begin(), text.end(), page.begin() + 0xf00);
  return page;
}

struct Loaded {
  std::string path;
  Addr at = 0;
  std::string id;
  bool touched = true;  ///< somebody has written to its .bss
  bool dataOnly = false;
};

/// A core of a program of C at kProgram that has loaded libraries.
struct CoreOf {
  std::string program;
  std::vector<Loaded> libraries;
  bool privateMemory = true;  ///< coredump_filter has bit 0
  std::uint64_t cutBy = 0;

  Bytes build() const {
    std::vector<std::uint64_t> words{1 + 2 * libraries.size(), 4096, kProgram, kProgram + 0x2000,
                                     0};
    std::string paths = program + '\0';
    for (const Loaded& each : libraries) {
      words.insert(words.end(), {each.at, each.at + kVariables, 0, each.at + kVariables,
                                 each.at + kBss, kVariables / 4096});
      paths += each.path + '\0' + each.path + '\0';
    }
    Bytes files;
    append(files, words.data(), words.size() * sizeof(std::uint64_t));
    append(files, paths.data(), paths.size());
    ElfBuilder builder(ET_CORE);
    builder.segment(PT_NOTE, 0, 0,
                    concat({note("CORE", NT_PRSTATUS, prstatus(77, kProgram, 0xc000001000)),
                            note("CORE", NT_AUXV, auxv(AT_PHDR, kProgram + 0x40)),
                            note("CORE", NT_FILE, files)}));
    builder.segment(PT_LOAD, kProgram, PF_R | PF_X, {}, 0x2000);
    if (privateMemory) builder.segment(PT_LOAD, kPrivate, PF_R | PF_W, filled(0x1000, 0x33));
    for (const Loaded& each : libraries) {
      const std::uint32_t code = each.dataOnly ? PF_R : PF_R | PF_X;
      builder.segment(PT_LOAD, each.at, code, firstPageOfLibrary(each.id), kVariables);
      builder.segment(PT_LOAD, each.at + kVariables, PF_R | PF_W, variables(true));
      builder.segment(PT_LOAD, each.at + kBss, PF_R | PF_W,
                      each.touched ? filled(kEnd - kBss, 0x44) : Bytes(), kEnd - kBss);
    }
    Bytes bytes = builder.build();
    bytes.resize(bytes.size() - cutBy);
    return bytes;
  }
};

/// A folder with a program of C, and what it loads.
class GoFilesTest : public ::testing::Test {
 protected:
  Loaded add(const std::string& name, Addr at, std::string_view id,
             std::string_view settings = "") {
    return {folder.write(name, library(id, true, settings)), at, std::string(id)};
  }
  Result<std::unique_ptr<Target>> open(const CoreOf& core, const std::string& module = "") {
    OpenOptions options;
    options.module = module;
    return openCore(folder.write("core", core.build()), options);
  }
  std::vector<std::string> runtimesOf(const Target& target) {
    std::vector<std::string> paths;
    for (const GoFile& each : target.runtimes()) paths.push_back(each.path);
    return paths;
  }

  Folder folder;
  std::string program = folder.write("host", library("c", false));
};

TEST_F(GoFilesTest, ALibraryOfAProgramOfCIsRead) {
  const Loaded go = add("libgo.so", kLibrary, "go-1");
  const auto target = open({program, {go}});
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->executable().path(), go.path);
  EXPECT_EQ((*target)->bias(), kLibrary);
  EXPECT_EQ((*target)->program(), program);
  AddressSpace& memory = (*target)->memory();
  EXPECT_EQ(memory.bytes(kLibrary + 0x1800, 1)[0], std::byte{0x90}) << "code is not in the core";
}

TEST_F(GoFilesTest, AProgramWithoutGoStaysWhatItIs) {
  const Loaded c{folder.write("libc.so", library("c-1", false)), kLibrary, "c-1"};
  const auto target = open({program, {c}});
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->executable().path(), program);
  EXPECT_TRUE((*target)->runtimes().empty());
}

TEST_F(GoFilesTest, OneThatIsNotHereIsNamed) {
  const auto target = open({program, {{folder.at("libgo.so"), kLibrary, "go-1"}}});
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().code, ErrorCode::notFound);
  EXPECT_THAT(target.error().message, HasSubstr(folder.at("libgo.so") + " does not exist"));
}

TEST_F(GoFilesTest, AnotherBuildIsNotTakenForIt) {
  Loaded go = add("libgo.so", kLibrary, "go-2");
  go.id = "go-1";  // in the core
  const auto target = open({program, {go}});
  ASSERT_FALSE(target);
  EXPECT_THAT(target.error().message, HasSubstr("go-1"));
  EXPECT_THAT(target.error().message, HasSubstr("go-2"));
}

TEST_F(GoFilesTest, AFileOfGoThatIsOnlyLookedAtIsNone) {
  Loaded go = add("libgo.so", kLibrary, "go-1");
  go.dataOnly = true;
  CoreOf core{program, {go}};
  // Its variables are no code either; so nobody runs anything of it.
  const auto target = open(core);
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_TRUE((*target)->runtimes().empty());
}

TEST_F(GoFilesTest, SeveralRuntimesAreSortedAndChosenByName) {
  const Loaded b = add("libb.so", kLibrary, "go-b"), a = add("liba.so", kOther, "go-a");
  const CoreOf core{program, {b, a}};
  const auto first = open(core);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ((*first)->executable().path(), a.path);
  EXPECT_THAT(runtimesOf(**first), ElementsAre(a.path, b.path));
  for (const std::string& name : {std::string("libb.so"), b.path}) {
    const auto other = open(core, name);
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_EQ((*other)->bias(), kLibrary);
  }
  const auto none = open(core, "libc.so");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr(a.path + ", " + b.path));
}

TEST_F(GoFilesTest, APluginHasNoRuntimeOfItsOwn) {
  const Loaded go = add("libgo.so", kLibrary, "go-1");
  const std::string info = "\x40" + std::string(16, 's') + "\nbuild\t-buildmode=plugin\n";
  const Loaded plugin = add("plug.so", kOther, "go-2", info);
  const auto target = open({program, {plugin, go}});
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_THAT(runtimesOf(**target), ElementsAre(go.path));
  ASSERT_EQ((*target)->plugins().size(), 1U);
  EXPECT_EQ((*target)->memory().bytes(kOther + 0x1800, 1)[0], std::byte{0x90}) << "its code";
}

TEST_F(GoFilesTest, VariablesThatNobodyWroteToAreZeros) {
  Loaded go = add("libgo.so", kLibrary, "go-1");
  EXPECT_EQ((*open({program, {go}}))->memory().bytes(kLibrary + kBss, 1)[0], std::byte{0x44});
  go.touched = false;
  const auto target = open({program, {go}});
  ASSERT_TRUE(target) << target.error().message;
  const auto bytes = (*target)->memory().bytes(kLibrary + kBss, kEnd - kBss);
  ASSERT_EQ(bytes.size(), kEnd - kBss);
  EXPECT_TRUE(std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; }));
}

TEST_F(GoFilesTest, VariablesThatMayHaveBeenLeftOutAreAHole) {
  Loaded go = add("libgo.so", kLibrary, "go-1");
  go.touched = false;
  const auto filtered = open({program, {go}, false});
  ASSERT_TRUE(filtered) << filtered.error().message;
  EXPECT_FALSE((*filtered)->memory().contains(kLibrary + kBss)) << "nothing private was dumped";
  const auto cut = open({program, {go}, true, 0x10});
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_FALSE((*cut)->memory().contains(kLibrary + kBss)) << "the core is cut off";
}

}  // namespace
}  // namespace parked::target
