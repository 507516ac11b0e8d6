#include <algorithm>
#include <csignal>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "../base/folder.h"
#include "arch/architecture.h"
#include "elf_builder.h"
#include "target/core_notes.h"
#include "target/elf_file.h"
#include "target/target.h"

namespace parked::target {
namespace {

using ::testing::HasSubstr;

constexpr Addr kText = 0x400000;

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
  EXPECT_THAT(message(folder.write("empty", "")), HasSubstr("is empty"));
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
  EXPECT_THAT(notCore.error().message, testing::EndsWith("is not a core file"));
  ElfBuilder core(ET_CORE);
  OpenOptions swapped;
  swapped.executable = folder.write("core.1", core.build());
  const auto inReverse = openCore(folder.path() + "/service", swapped);
  ASSERT_FALSE(inReverse);
  EXPECT_THAT(inReverse.error().message,
              testing::EndsWith("core.1 is: the executable comes first"));
}

TEST(ElfFile, NotesWithAbsurdSizesEndTheList) {
  Bytes bytes = goBuildId("abc");
  const Elf64_Nhdr absurd{0xffffffff, 0xffffffff, 1};
  append(bytes, &absurd, sizeof absurd);
  const auto notes = parseNotes(bytes);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].name, "Go");
}

// A core with the given notes and segments but no page of the executable.
Result<std::unique_ptr<Target>> opened(const Bytes& core, const OpenOptions& options = {}) {
  auto file = ElfFile::fromBytes(core, "core");
  if (!file) return tl::unexpected(file.error());
  return openCore(*file, options);
}

OpenOptions with(const std::string& executable) {
  OpenOptions options;
  options.executable = executable;
  return options;
}

TEST(Core, WhatWasNotDumpedIsAbsentAndNotZero) {
  const Folder folder;
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_LOAD, 0xc000000000, PF_R | PF_W, filled(0x1000, 7), 0x4000);
  builder.segment(PT_LOAD, 0xc000400000, 0, {}, 0x3c00000);
  const Bytes core = builder.build();
  auto target = opened(core, with(folder.write("service", executable("id"))));
  ASSERT_TRUE(target) << target.error().message;
  AddressSpace& memory = (*target)->memory();
  EXPECT_EQ(memory.bytes(0xc000000ff8, 8).size(), 8U);
  EXPECT_TRUE(memory.bytes(0xc000000ff9, 8).empty());
  EXPECT_FALSE(memory.contains(0xc000001000));
  EXPECT_FALSE(memory.contains(0xc000400000));
}

TEST(Core, WritableDataThatIsNotInTheCoreIsNotTakenFromTheFile) {
  const Folder folder;
  ElfBuilder builder(ET_CORE);  // as with a coredump_filter without private memory
  builder.segment(PT_LOAD, kText + 0x2000, PF_R | PF_W, {}, 0x1000);
  const Bytes core = builder.build();
  auto target = opened(core, with(folder.write("service", executable("id"))));
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->memory().bytes(kText + 0x1000, 1)[0], std::byte{0x90});
  EXPECT_FALSE((*target)->memory().contains(kText + 0x2000));
}

TEST(Core, CutOffIsWhatTheFileIsTooShortFor) {
  const Folder folder;
  const OpenOptions options = with(folder.write("service", executable("id")));
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_LOAD, 0x10000, PF_R | PF_W, filled(0x1000, 1));
  builder.segment(PT_LOAD, 0x20000, PF_R | PF_W, {}, 0x1000);  // not dumped, which is not cut off
  builder.segment(PT_LOAD, 0x30000, PF_R | PF_W, filled(0x2000, 3));
  const Bytes whole = builder.build();
  const auto entry = [](Target& target) {
    for (const Incomplete& each : target.incomplete().entries()) {
      if (each.what == "core file") return each;
    }
    return Incomplete{};
  };
  auto target = opened(whole, options);
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_FALSE((*target)->cutOff());
  EXPECT_EQ(entry(**target).what, "");

  for (const std::size_t missing : {1U, 0x800U, 0x2000U, 0x2800U}) {
    target =
        opened(Bytes(whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(missing)), options);
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_TRUE((*target)->cutOff()) << missing;
    EXPECT_THAT(entry(**target).detail, HasSubstr(std::to_string(missing) + " bytes")) << missing;
    EXPECT_EQ(entry(**target).firstAddress,
              missing > 0x2000 ? 0x11000 - (missing - 0x2000) : 0x32000 - missing);
    EXPECT_EQ((*target)->memory().contains(0x10000), true);
  }
}

TEST(Core, AMissingTableOfSegmentsIsCutOffToo) {
  const Folder folder;
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_LOAD, 0x10000, PF_R | PF_W, filled(0x1000, 1));
  Bytes core = builder.build();
  reinterpret_cast<Elf64_Ehdr*>(core.data())->e_phnum = 0x7fff;
  auto target = opened(core, with(folder.write("service", executable("id"))));
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_TRUE((*target)->cutOff());
  EXPECT_THAT((*target)->incomplete().entries()[0].detail, HasSubstr("headers or notes"));
}

TEST(Core, SegmentsMayOverlapWrapAndLieInAnyOrder) {
  const Folder folder;
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_LOAD, 0x30000, PF_R | PF_W, filled(0x2000, 3));
  builder.segment(PT_LOAD, 0x10000, PF_R | PF_W, filled(0x1000, 1));
  builder.segment(PT_LOAD, 0x31000, PF_R, filled(0x2000, 4));
  builder.segment(PT_LOAD, ~Addr{0} - 0x800, PF_R, filled(0x1000, 9));
  const Bytes core = builder.build();
  auto target = opened(core, with(folder.write("service", executable("id"))));
  ASSERT_TRUE(target) << target.error().message;
  AddressSpace& memory = (*target)->memory();
  EXPECT_EQ(memory.bytes(0x10000, 1)[0], std::byte{1});
  EXPECT_EQ(memory.bytes(0x30fff, 1)[0], std::byte{3});
  EXPECT_EQ(memory.bytes(0x32000, 1)[0], std::byte{4});
  EXPECT_FALSE(memory.contains(0x31000)) << "who is right there is not known";
  EXPECT_FALSE(memory.contains(0x31fff));
  EXPECT_FALSE((*target)->cutOff());
  EXPECT_THAT((*target)->incomplete().entries()[0].detail, HasSubstr("about 4096 bytes"));
  EXPECT_FALSE(memory.contains(~Addr{0} - 0x100));
  Addr last = 0;
  for (const Region& region : memory.regions()) {
    EXPECT_GE(region.start, last);
    EXPECT_LT(region.start, region.end);
    last = region.end;
  }
}

TEST(Core, SegmentsTogetherHoldNoMoreThanTheFile) {
  const Folder folder;
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_LOAD, 0x10000, PF_R | PF_W, filled(0x1000, 1));
  for (Addr i = 1; i < 100; ++i) builder.segment(PT_LOAD, 0x10000 + i * 0x1000, PF_R | PF_W, {});
  Bytes core = builder.build();
  auto* headers = reinterpret_cast<Elf64_Phdr*>(core.data() + sizeof(Elf64_Ehdr));
  for (int i = 1; i < 100; ++i) {
    headers[i].p_offset = headers[0].p_offset;
    headers[i].p_filesz = headers[i].p_memsz = 0x1000;
  }
  auto target = opened(core, with(folder.write("service", executable("id"))));
  ASSERT_TRUE(target) << target.error().message;
  std::uint64_t size = 0;
  for (const Region& region : (*target)->memory().regions()) {
    if (!region.fromExecutable) size += region.end - region.start;
  }
  EXPECT_GE(size, 0x1000U);
  EXPECT_LE(size, core.size());
  const auto& entries = (*target)->incomplete().entries();
  EXPECT_EQ(std::ranges::count(entries, "core file", &Incomplete::what), 1);
  EXPECT_THAT(entries[0].detail, HasSubstr("claim more bytes than it has"));
}

TEST(Core, CountsOfSegmentsAreBelievedOnlyAsFarAsTheFileGoes) {
  const Folder folder;
  const OpenOptions options = with(folder.write("service", executable("id")));
  ElfBuilder none(ET_CORE);
  auto empty = opened(none.build(), options);
  ASSERT_TRUE(empty) << empty.error().message;
  EXPECT_FALSE((*empty)->incomplete().empty()) << "it has no threads";

  ElfBuilder builder(ET_CORE);
  builder.segment(PT_LOAD, 0x10000, PF_R | PF_W, filled(0x1000, 1));
  Bytes core = builder.build();
  auto* header = reinterpret_cast<Elf64_Ehdr*>(core.data());
  header->e_phnum = 0xfffe;
  auto claimed = opened(core, options);
  ASSERT_TRUE(claimed) << claimed.error().message;
  EXPECT_EQ((*claimed)->incomplete().entries()[0].what, "core file");

  // PN_XNUM: the number stands in the first section header.
  Elf64_Shdr section{};
  section.sh_info = 1;
  header->e_phnum = PN_XNUM;
  header->e_shoff = core.size();
  header->e_shentsize = sizeof section;
  append(core, &section, sizeof section);
  auto many = opened(core, options);
  ASSERT_TRUE(many) << many.error().message;
  EXPECT_TRUE((*many)->memory().contains(0x10000));
  reinterpret_cast<Elf64_Shdr*>(core.data() + core.size() - sizeof section)->sh_info = 0xffffffff;
  auto absurd = opened(core, options);
  ASSERT_TRUE(absurd) << absurd.error().message;
}

TEST(Core, ItsProgramHeadersMayStandLastAndAreMissedWhenTheyAreCutOff) {
  const Folder folder;
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_LOAD, 0x10000, PF_R | PF_W, filled(0x1000, 1));
  Bytes core = builder.build();
  auto* header = reinterpret_cast<Elf64_Ehdr*>(core.data());
  const Bytes table(core.begin() + 64, core.begin() + 64 + sizeof(Elf64_Phdr));
  header->e_phoff = core.size();
  append(core, table.data(), table.size());
  const OpenOptions options = with(folder.write("service", executable("id")));
  ASSERT_TRUE(opened(core, options));
  core.resize(core.size() - table.size());
  const auto cut = opened(core, options);
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().message, HasSubstr("program headers"));
}

TEST(Core, ASegmentBeyondFourGigabytesOfASparseFileIsRead) {
  const Folder folder;
  const std::string exe = folder.write("service", executable("id"));
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_LOAD, 0xc000000000, PF_R | PF_W, filled(0x1000, 1));
  Bytes core = builder.build();
  constexpr std::uint64_t kFar = 5ULL << 30;
  auto* segment = reinterpret_cast<Elf64_Phdr*>(core.data() + sizeof(Elf64_Ehdr));
  segment->p_offset = kFar;
  segment->p_filesz = segment->p_memsz = 0x1000;
  const std::string path = folder.write("core", core);
  std::filesystem::resize_file(path, kFar + 0x1000);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(kFar + 0x10) << "far";
  auto target = openCore(path, with(exe));
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->memory().cstring(0xc000000010), "far");
  EXPECT_EQ((*target)->memory().word(0xc000000000), 0U);
  EXPECT_EQ((*target)->memory().misses(), 0U);
}

TEST(Core, NotesOfAbsurdSizesCostNothing) {
  const Folder folder;
  const OpenOptions options = with(folder.write("service", executable("id")));
  const std::uint64_t counts[] = {std::uint64_t{1} << 62, 4096, 0x1000, 0x2000, 0};
  Bytes files;
  append(files, counts, sizeof counts);
  ElfBuilder builder(ET_CORE);
  builder.segment(
      PT_NOTE, 0, 0,
      concat({note("CORE", NT_FILE, files), note("CORE", NT_FILE, filled(3, 1)),
              note("CORE", NT_PRSTATUS, filled(100, 1)), note("CORE", NT_AUXV, filled(9, 1)),
              note("CORE", NT_PRPSINFO, filled(50, 'x')), note("", 0x444c5654, filled(60, 0xff)),
              note("Delve Header", 0x444c5645, filled(60, '\n'))}));
  auto target = opened(builder.build(), options);
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_TRUE((*target)->mappings().empty());
}

TEST(Core, AShortenedSetOfVectorRegistersIsNotOne) {
  const Bytes status = prstatus(77, 1, 2);
  const Bytes some = filled(511, 7);
  const Bytes all = filled(512, 7);
  ElfNote notes[] = {{"CORE", NT_PRSTATUS, status}, {"CORE", NT_FPREGSET, some}};
  EXPECT_FALSE(readCoreNotes(notes, *arch::byName("amd64")).threads.front().hasVectors);
  notes[1].description = all;
  EXPECT_TRUE(readCoreNotes(notes, *arch::byName("amd64")).threads.front().hasVectors);
}

// Found by core_fuzz: the registers of a note without a description have no address, which memcpy
// must not be given even for no bytes (UBSan).
TEST(Core, NotesWithoutContentAreNoRegisters) {
  const ElfNote notes[] = {{"CORE", NT_PRSTATUS, {}}, {"LINUX", NT_X86_XSTATE, {}},
                           {"CORE", NT_FPREGSET, {}}, {"CORE", NT_AUXV, {}},
                           {"CORE", NT_FILE, {}},     {"CORE", NT_PRPSINFO, {}}};
  EXPECT_TRUE(readCoreNotes(notes, *arch::byName("amd64")).threads.empty());
  const Bytes status = prstatus(77, 1, 2);
  std::vector<ElfNote> withThread(std::begin(notes), std::end(notes));
  withThread.front().description = status;
  const CoreNotes read = readCoreNotes(withThread, *arch::byName("amd64"));
  ASSERT_EQ(read.threads.size(), 1U);
  EXPECT_FALSE(read.threads.front().hasVectors);
  EXPECT_EQ(read.threads.front().words.size(), 27U);
}

// pkg/proc/dump.go, dumpThreadNotes: what Delve writes where it has no notes of the system's kind.
TEST(Core, DelvesOwnNotesGiveThreadsPidAndPlace) {
  const Folder folder;
  constexpr Addr kBase = 0x7f0000000000;
  Bytes exeBytes = executable("id", ET_DYN);
  reinterpret_cast<Elf64_Ehdr*>(exeBytes.data())->e_entry = 0x1200;
  const std::string exe = folder.write("service", exeBytes);
  Bytes thread;
  const std::uint64_t head[] = {4242, 0x1111, 0x2222, 0x3333, 0x4444};
  append(thread, head, sizeof head);
  thread.push_back(std::byte{1});
  const std::uint64_t goroutine = 0xc000001234;
  append(thread, &goroutine, sizeof goroutine);
  const auto named = [&](std::string_view name, std::uint64_t value) {
    const auto length = static_cast<std::uint16_t>(name.size());
    append(thread, &length, sizeof length);
    append(thread, name.data(), name.size());
    const std::uint16_t eight = 8;
    append(thread, &eight, sizeof eight);
    append(thread, &value, sizeof value);
  };
  const std::uint32_t count = 3;
  append(thread, &count, sizeof count);
  named("Orig_rax", 202);
  named("R13", 0x1313);
  named("XMM0", 1);
  const std::string lines =
      "linux/amd64\nVersion: 1.27.2\nTarget Pid: 77\nEntry Point: 0x7f0000001200\n";
  Bytes header;
  append(header, lines.data(), lines.size());
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_NOTE, 0, 0,
                  concat({note("Delve Header", 0x444c5645, header), note("", 0x444c5654, thread)}));
  auto target = opened(builder.build(), with(exe));
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->pid(), 77);
  EXPECT_EQ((*target)->bias(), kBase);
  ASSERT_EQ((*target)->threads().size(), 1U);
  const Thread& read = (*target)->threads()[0];
  EXPECT_EQ(read.tid, 4242);
  ASSERT_TRUE(read.hasRegisters);
  EXPECT_EQ(read.registers.pc, 0x1111U);
  EXPECT_EQ(read.registers.sp, 0x2222U);
  EXPECT_EQ(read.registers.framePointer, 0x3333U);
  EXPECT_EQ(std::ranges::count(read.words, 0x1313U), 1);
  EXPECT_FALSE(read.hasVectors);
}

TEST(Core, WithoutNotesAPositionIndependentProgramIsFoundByItsBuildId) {
  const Folder folder;
  constexpr Addr kBase = 0x555555554000;
  const std::string exe = folder.write("service", executable("id", ET_DYN));
  ElfBuilder builder(ET_CORE);  // gcore writes its notes last: cut off first
  builder.segment(PT_LOAD, 0x10000, PF_R | PF_W, filled(0x1000, 1));
  builder.segment(PT_LOAD, kBase, PF_R | PF_X, firstPage("id", ET_DYN));
  auto target = opened(builder.build(), with(exe));
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->bias(), kBase);

  ElfBuilder other(ET_CORE);
  other.segment(PT_LOAD, kBase, PF_R | PF_X, firstPage("another", ET_DYN));
  const auto unknown = opened(other.build(), with(exe));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::unreadable);
}

TEST(Core, ARebuiltExecutableIsPassedOverForTheOneBesideTheCore) {
  const Folder folder;
  const Folder deployed;
  const std::string rebuilt = deployed.write("service", executable("id-2"));
  const std::string kept = folder.write("service", executable("id-1"));
  auto target = openCore(folder.write("core", coreOf(rebuilt, "id-1")), {});
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->executable().path(), kept);
}

TEST(Core, OnlyTheNameInTheNotesIsEnoughBesideTheCore) {
  const Folder folder;
  const std::string exe = folder.write("service", executable("id"));
  Bytes info(136);
  std::memcpy(info.data() + 40, "service", 7);
  std::memcpy(info.data() + 56, "./service -v", 12);
  const std::int32_t pid = 31;
  std::memcpy(info.data() + 24, &pid, sizeof pid);
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_NOTE, 0, 0, note("CORE", NT_PRPSINFO, info));
  const std::string core = folder.write("core", builder.build());
  auto target = openCore(core, {});
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->executable().path(), exe);
  EXPECT_EQ((*target)->pid(), 31);
  std::filesystem::remove(exe);
  const auto missing = openCore(core, {});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr(exe));
  EXPECT_THAT(missing.error().message, HasSubstr("parked core EXECUTABLE"));
}

TEST(Core, WithoutBuildIdsAnotherEntryPointIsAMismatch) {
  const Folder folder;
  Bytes exe = executable("");
  reinterpret_cast<Elf64_Ehdr*>(exe.data())->e_entry = kText + 0x100;
  const std::string path = folder.write("service", exe);
  const auto coreWithEntry = [](Addr entry) {
    ElfBuilder builder(ET_CORE);
    builder.segment(PT_NOTE, 0, 0, note("CORE", NT_AUXV, auxv(AT_ENTRY, entry)));
    return builder.build();
  };
  EXPECT_TRUE(opened(coreWithEntry(kText + 0x100), with(path)));
  const auto other = opened(coreWithEntry(kText + 0x200), with(path));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::mismatch);
}

TEST(Core, ForcedWithAnotherBuildItSaysSo) {
  const Folder folder;
  const std::string exe = folder.write("service", executable("id-2"));
  OpenOptions options = with(exe);
  options.force = true;
  auto target = opened(coreOf(exe, "id-1"), options);
  ASSERT_TRUE(target) << target.error().message;
  ASSERT_EQ((*target)->incomplete().entries().size(), 1U);
  EXPECT_EQ((*target)->incomplete().entries()[0].what, "executable");
}

TEST(Core, APathOutOfACoreCannotDriveTheTerminal) {
  const Folder folder;
  const auto missing = opened(coreOf("/gone/\x1b[2Jservice", "id"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message.find('\x1b'), std::string::npos);
  EXPECT_THAT(missing.error().message, HasSubstr("?[2Jservice"));
}

TEST(Core, ASnapshotHasNoSignalOfItsOwn) {
  const Folder folder;
  const OpenOptions options = with(folder.write("service", executable("id")));
  Bytes status = prstatus(1, 2, 3);
  const auto signalOf = [&](std::int16_t signal, const Bytes& more) {
    std::memcpy(status.data() + 12, &signal, sizeof signal);
    ElfBuilder builder(ET_CORE);
    builder.segment(PT_NOTE, 0, 0, concat({note("CORE", NT_PRSTATUS, status), more}));
    auto target = opened(builder.build(), options);
    return target ? (*target)->signal() : -1;
  };
  const Bytes gdb = note("GDB", 0xff000000, filled(8, 'x'));
  EXPECT_EQ(signalOf(6, {}), 6);
  EXPECT_EQ(signalOf(5, gdb), 0) << "the trap gdb stopped it with";
  EXPECT_EQ(signalOf(11, gdb), 11) << "it crashed in gdb";
}

TEST(Core, WhoSentTheSignalOrWhereItStruck) {
  Bytes status = prstatus(1, 2, 3);
  const auto infoOf = [&](std::int16_t signal, std::vector<std::int32_t> words) {
    std::memcpy(status.data() + 12, &signal, sizeof signal);
    Bytes info;
    append(info, words.data(), words.size() * sizeof words[0]);
    const ElfNote notes[] = {{"CORE", NT_PRSTATUS, status}, {"CORE", NT_SIGINFO, info}};
    return readCoreNotes(notes, *arch::byName("amd64")).signalInfo;
  };
  const auto sent = infoOf(6, {6, 0, SI_TKILL, 0, 4711, 0, 0, 0});
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->sender, 4711);
  EXPECT_EQ(sent->address, 0U);
  const auto fault = infoOf(11, {11, 0, SEGV_MAPERR, 0, 0x1230000, 0x7f, 0, 0});
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->address, 0x7f01230000U);
  EXPECT_EQ(fault->sender, 0);
  EXPECT_FALSE(infoOf(6, {11, 0, SEGV_MAPERR, 0, 0, 0, 0, 0})) << "of another signal";
  EXPECT_FALSE(infoOf(6, {6, 0, SI_TKILL, 0})) << "cut off";
  EXPECT_FALSE(infoOf(0, {-1, 0, SI_USER, 0, 1, 0, 0, 0})) << "no signal has that number";
}

TEST(ElfFile, NotesArePaddedAsTheSegmentSays) {
  const auto noteOf = [](std::size_t padding) {
    Bytes out;
    const Elf64_Nhdr header{4, 5, 1};
    for (int i = 0; i < 2; ++i) {
      append(out, &header, sizeof header);
      append(out, "GNU", 4);
      append(out, "12345", 5);
      out.resize((out.size() + padding - 1) / padding * padding);
    }
    return out;
  };
  EXPECT_EQ(parseNotes(noteOf(4), 4).size(), 2U);
  EXPECT_EQ(parseNotes(noteOf(8), 8).size(), 2U);
  EXPECT_EQ(parseNotes(noteOf(4), 0).size(), 2U) << "0 and 1 mean nothing special";
}

}  // namespace
}  // namespace parked::target
