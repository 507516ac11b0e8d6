#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "elf_builder.h"
#include "target/elf_file.h"
#include "target/target.h"

namespace parked::target {
namespace {

using ::testing::HasSubstr;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "parked-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const Bytes& bytes) const {
    const std::string file = path_ + "/" + name;
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return file;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr Addr kText = 0x400000;

Bytes goBuildId(std::string_view id) {
  Bytes description;
  append(description, id.data(), id.size());
  return note("Go", 4, description);
}

// An executable whose note lies in its first page, as Go's linker places it.
Bytes executable(std::string_view buildId, std::uint16_t type = ET_EXEC) {
  const Addr base = type == ET_DYN ? 0 : kText;
  const Bytes id = goBuildId(buildId);
  ElfBuilder builder(type);
  builder.segment(PT_NOTE, base + 0xf00, PF_R, id);
  builder.segment(PT_LOAD, base, PF_R | PF_X, filled(0x2000, 0x90));
  builder.segment(PT_LOAD, base + 0x2000, PF_R | PF_W, filled(0x1000, 0x11));
  return builder.build();
}

// The first page of the executable as the kernel dumps it.
Bytes firstPage(std::string_view buildId, std::uint16_t type = ET_EXEC) {
  Bytes page = executable(buildId, type);
  page.resize(0x1000);
  const Bytes id = goBuildId(buildId);
  std::copy(id.begin(), id.end(), page.begin() + 0xf00);
  return page;
}

Bytes coreOf(const std::string& path, std::string_view buildId, Addr base = kText,
             std::uint16_t type = ET_EXEC) {
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_NOTE, 0, 0,
                  concat({note("CORE", NT_PRSTATUS, prstatus(77, kText + 0x123, 0xc000001000)),
                          note("CORE", NT_PRSTATUS, prstatus(78, 5, 6)),
                          note("CORE", NT_AUXV, auxv(AT_PHDR, base + 0x40)),
                          note("CORE", NT_FILE, fileNote(base, base + 0x2000, path))}));
  builder.segment(PT_LOAD, base, PF_R | PF_X, firstPage(buildId, type), 0x2000);
  builder.segment(PT_LOAD, base + 0x2000, PF_R | PF_W, filled(0x1000, 0x22));
  builder.segment(PT_LOAD, 0xc000000000, PF_R | PF_W, filled(0x2000, 0x33));
  return builder.build();
}

TEST(Core, TheExecutableIsFoundAndFillsTheHoles) {
  const Folder folder;
  const std::string exe = folder.write("service", executable("id-1"));
  auto target = openCore(folder.write("core", coreOf(exe, "id-1")), {});
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->executable().path(), exe);
  ASSERT_EQ((*target)->threads().size(), 2U);
  EXPECT_EQ((*target)->threads()[0].tid, 77);
  EXPECT_EQ((*target)->threads()[0].registers.pc, kText + 0x123);
  EXPECT_EQ((*target)->threads()[0].registers.sp, 0xc000001000U);
  AddressSpace& memory = (*target)->memory();
  EXPECT_EQ(memory.bytes(kText + 0x1800, 1)[0], std::byte{0x90}) << "text is not in the core";
  EXPECT_EQ(memory.bytes(kText + 0x2000, 1)[0], std::byte{0x22}) << "the core's data wins";
}

TEST(Core, AnotherBuildIsAMismatchUnlessForced) {
  const Folder folder;
  const std::string exe = folder.write("service", executable("id-2"));
  const std::string core = folder.write("core", coreOf(exe, "id-1"));
  const auto refused = openCore(core, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::mismatch);
  EXPECT_THAT(refused.error().message, HasSubstr("id-1"));
  EXPECT_THAT(refused.error().message, HasSubstr("id-2"));
  OpenOptions force;
  force.force = true;
  EXPECT_TRUE(openCore(core, force));
}

TEST(Core, APositionIndependentExecutableIsMovedToWhereItWasLoaded) {
  const Folder folder;
  constexpr Addr kBase = 0x555555554000;
  const std::string exe = folder.write("service", executable("id", ET_DYN));
  auto target = openCore(folder.write("core", coreOf(exe, "id", kBase, ET_DYN)), {});
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->bias(), kBase);
  EXPECT_EQ((*target)->memory().bytes(kBase + 0x1800, 1)[0], std::byte{0x90});
}

TEST(Core, AMovedOrDeletedExecutableIsLookedForBesideTheCore) {
  const Folder folder;
  const std::string exe = folder.write("service", executable("id"));
  auto target = openCore(folder.write("core", coreOf("/gone/service (deleted)", "id")), {});
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->executable().path(), folder.path() + "/service");
  std::filesystem::remove(exe);
  const auto missing = openCore(folder.path() + "/core", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::notFound);
  EXPECT_THAT(missing.error().message, HasSubstr("/gone/service"));
}

TEST(Core, TruncatedAnywhereItOpensAsFarAsItGoesOrSaysWhyNot) {
  const Folder folder;
  const std::string exe = folder.write("service", executable("id"));
  const Bytes whole = coreOf(exe, "id");
  OpenOptions options;
  options.executable = exe;
  int opened = 0;
  for (std::size_t size = 0; size < whole.size(); size += size < 1200 ? 1 : 97) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    auto core = ElfFile::fromBytes(cut, "core");
    if (!core) {
      EXPECT_FALSE(core.error().message.empty());
      continue;
    }
    auto target = openCore(*core, options);
    if (!target) {
      EXPECT_FALSE(target.error().message.empty());
      continue;
    }
    ++opened;
    EXPECT_FALSE((*target)->incomplete().empty()) << "cut at " << size;
    for (const Region& region : (*target)->memory().regions()) {
      EXPECT_LT(region.start, region.end);
      EXPECT_EQ((*target)->memory().bytes(region.end - 1, 1).size(), 1U);
      EXPECT_FALSE(region.fromExecutable && region.writable)
          << "missing data must not be taken for its initial value";
    }
  }
  EXPECT_GT(opened, 10);
}

TEST(Core, FlippedBytesNeverCrash) {
  const Folder folder;
  const std::string exe = folder.write("service", executable("id"));
  const Bytes whole = coreOf(exe, "id");
  OpenOptions options;
  options.executable = exe;
  for (std::size_t at = 0; at < 1000; ++at) {
    for (const unsigned value : {0x00U, 0x7fU, 0xffU}) {
      Bytes bad = whole;
      bad[at] = static_cast<std::byte>(value);
      auto core = ElfFile::fromBytes(bad, "core");
      if (!core) continue;
      auto target = openCore(*core, options);
      if (!target) continue;
      for (const Region& region : (*target)->memory().regions()) {
        EXPECT_EQ((*target)->memory().bytes(region.end - 1, 1).size(), 1U);
      }
    }
  }
}

TEST(Core, CompressedBySystemdItReadsTheSame) {
  const Folder folder;
  const std::string exe = folder.write("service", executable("id"));
  const Bytes plain = coreOf(exe, "id");
  Bytes packed;
  // Two frames, as a streaming writer may leave them.
  for (const std::size_t part : {std::size_t{0}, plain.size() / 2}) {
    const std::size_t size = part == 0 ? plain.size() / 2 : plain.size() - part;
    Bytes frame(ZSTD_compressBound(size));
    frame.resize(ZSTD_compress(frame.data(), frame.size(), plain.data() + part, size, 3));
    append(packed, frame.data(), frame.size());
  }
  auto file = ElfFile::open(folder.write("core.zst", packed));
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ((*file)->fileBytes().size(), plain.size());
  EXPECT_TRUE(std::equal(plain.begin(), plain.end(), (*file)->fileBytes().begin()));
  packed.resize(packed.size() / 4);
  EXPECT_TRUE(openCore(folder.write("cut.zst", packed), {}).has_value() ||
              !openCore(folder.path() + "/cut.zst", {}).error().message.empty());
}

TEST(ElfFile, WhatPeopleGetWrongHasOneClearLine) {
  const Folder folder;
  const auto message = [](const std::string& path) {
    const auto file = ElfFile::open(path);
    return file ? std::string("opened") : file.error().message;
  };
  EXPECT_THAT(message(folder.write("empty", {})), HasSubstr("is empty"));
  EXPECT_THAT(message(folder.write("text", filled(100, 'a'))), HasSubstr("is not an ELF file"));
  EXPECT_THAT(message(folder.path()), HasSubstr("is a directory"));
  EXPECT_THAT(message(folder.path() + "/none"), HasSubstr("does not exist"));
  ElfBuilder wide(ET_EXEC, EM_RISCV);
  EXPECT_THAT(message(folder.write("riscv", wide.build())), HasSubstr("amd64 and arm64"));
  ElfBuilder narrow(ET_EXEC);
  narrow.header().e_ident[EI_CLASS] = ELFCLASS32;
  EXPECT_THAT(message(folder.write("narrow", narrow.build())), HasSubstr("64-bit"));
  const auto notCore = openCore(folder.write("service", executable("id")), {});
  ASSERT_FALSE(notCore);
  EXPECT_THAT(notCore.error().message, HasSubstr("is not a core file"));
}

TEST(ElfFile, NotesWithAbsurdSizesEndTheList) {
  Bytes bytes = goBuildId("abc");
  const Elf64_Nhdr absurd{0xffffffff, 0xffffffff, 1};
  append(bytes, &absurd, sizeof absurd);
  const auto notes = parseNotes(bytes);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].name, "Go");
}

}  // namespace
}  // namespace parked::target
