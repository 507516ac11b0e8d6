#include "target/core_writer.h"

#include <elf.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../base/folder.h"
#include "arch/architecture.h"
#include "elf_builder.h"
#include "target/core_note_writer.h"
#include "target/core_notes.h"
#include "target/dump_notes.h"
#include "target/elf_file.h"
#include "target/file_descriptor.h"
#include "target/pack.h"
#include "target/sparse_file.h"
#include "target/unpack.h"

namespace parked::target {
namespace {

class MemoryOut final : public ByteSink {
 public:
  Result<void> append(std::span<const std::byte> more) override {
    if (bytes.size() > most) return fail(ErrorCode::io, "full");
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }
  Result<void> finish() override {
    finished = true;
    return {};
  }

  Bytes bytes;
  std::size_t most = ~std::size_t{0};
  bool finished = false;
};

class FileOut final : public ByteSink {
 public:
  explicit FileOut(int file) : file_(file) {}
  Result<void> append(std::span<const std::byte> more) override {
    return file_.append(more) ? Result<void>() : fail(ErrorCode::io, "file");
  }
  Result<void> finish() override {
    return file_.finish() ? Result<void>() : fail(ErrorCode::io, "file");
  }

 private:
  SparseFile file_;
};

Region regionOf(Addr start, Addr end, const Bytes* bytes = nullptr) {
  Region out;
  out.start = start;
  out.end = end;
  out.mapped = bytes == nullptr ? nullptr : bytes->data();
  out.writable = true;
  return out;
}

/// Every byte of a page is its number.
class Numbered final : public ByteSource {
 public:
  std::size_t read(Addr address, std::span<std::byte> out) override {
    for (std::byte& byte : out) byte = std::byte(address++ / kPage);
    return out.size();
  }
};

std::shared_ptr<const ElfFile> readBack(const MemoryOut& file) {
  auto elf = ElfFile::fromBytes(file.bytes, "core");
  EXPECT_TRUE(elf) << elf.error().message;
  EXPECT_FALSE((*elf)->truncated());
  return *elf;
}

std::vector<const ElfSegment*> loadsOf(const ElfFile& core) {
  std::vector<const ElfSegment*> all;
  for (const ElfSegment& segment : core.segments()) {
    if (segment.type == PT_LOAD) all.push_back(&segment);
  }
  return all;
}

TEST(CoreWriter, OnlyWhatWasFetchedIsInIt) {
  Numbered process;
  AddressSpace memory;
  memory.setSource(&process);
  memory.add(regionOf(0x10000, 0x90000000));
  memory.fetch({{0x12000, 0x14000}, {0x80000000, 0x80001000}}, false, {});
  memory.setSource(nullptr);

  MemoryOut file;
  const CoreContents contents{arch::host(), {}, segmentsOf(memory, memory.fetchedRanges())};
  ASSERT_TRUE(writeCore(contents, memory, file, nullptr));
  EXPECT_TRUE(file.finished);
  const auto core = readBack(file);
  const auto segments = loadsOf(*core);
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(segments[0]->address, 0x12000U);
  EXPECT_EQ(segments[0]->memorySize, 0x2000U);
  EXPECT_EQ(segments[0]->bytes.size(), 0x2000U) << "none of it is left to be taken for zeros";
  EXPECT_EQ(segments[0]->bytes.front(), std::byte{0x12});
  EXPECT_EQ(segments[0]->bytes.back(), std::byte{0x13});
  EXPECT_EQ(segments[0]->flags, static_cast<std::uint32_t>(PF_R | PF_W));
  EXPECT_EQ(segments[1]->address, 0x80000000U);
  EXPECT_EQ(segments[1]->fileOffset % kPage, 0U);
}

TEST(CoreWriter, RangesReachNoFartherThanTheMemory) {
  const Bytes bytes = filled(0x1800, 7);
  AddressSpace memory;
  memory.add(regionOf(0x1000, 0x2800, &bytes));
  Region fromFile = regionOf(0x4000, 0x5000, &bytes);
  fromFile.fromExecutable = true;
  memory.add(fromFile);
  const auto segments = segmentsOf(memory, {{0, ~Addr{0}}, {0x1000, 0x1800}});
  ASSERT_EQ(segments.size(), 1U);
  EXPECT_EQ(segments[0].range, (Range{0x1000, 0x2800}));

  MemoryOut file;
  ASSERT_TRUE(writeCore({arch::host(), {}, segments}, memory, file, nullptr));
  const auto core = readBack(file);
  ASSERT_EQ(loadsOf(*core).size(), 1U);
  EXPECT_EQ(loadsOf(*core)[0]->bytes.size(), 0x1800U);
}

TEST(CoreWriter, WhatIsNotThereIsAnErrorAndNeverZeros) {
  AddressSpace memory;
  memory.add(regionOf(0x1000, 0x3000));  // from a source that is gone
  MemoryOut file;
  const auto done = writeCore({arch::host(), {}, {{{0x1000, 0x3000}}}}, memory, file, nullptr);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::unreadable);
  EXPECT_FALSE(file.finished);
}

TEST(CoreWriter, ErrorsOfTheFileAndInterruptionsEndIt) {
  const Bytes bytes = filled(8 << 20, 7);
  AddressSpace memory;
  memory.add(regionOf(0x1000, 0x1000 + bytes.size(), &bytes));
  const CoreContents contents{arch::host(), {}, {{{0x1000, 0x1000 + bytes.size()}}}};
  MemoryOut file;
  file.most = 1 << 20;
  const auto full = writeCore(contents, memory, file, nullptr);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().message, "full");

  struct : Observer {
    bool cancelled() override { return true; }
  } stopped;
  MemoryOut other;
  const auto ended = writeCore(contents, memory, other, &stopped);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::interrupted);
}

TEST(CoreWriter, MoreSegmentsThanTheHeaderCounts) {
  constexpr std::size_t kCount = 70'000;
  const Bytes zeros(8);
  AddressSpace memory;
  std::vector<CoreSegment> segments;
  for (std::size_t i = 1; i <= kCount; ++i) {
    segments.push_back({{i * 2 * kPage, i * 2 * kPage + 8}, true, false, zeros});
  }
  const Folder folder;
  const std::string path = folder.write("core", "");
  const FileDescriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  FileOut out(file.get());
  ASSERT_TRUE(writeCore({arch::host(), {}, segments}, memory, out, nullptr));
  const auto core = ElfFile::open(path);
  ASSERT_TRUE(core) << core.error().message;
  EXPECT_FALSE((*core)->truncated());
  EXPECT_EQ(loadsOf(**core).size(), kCount);
  EXPECT_EQ(loadsOf(**core).back()->address, kCount * 2 * kPage);
}

TEST(CoreWriter, HeadersAreAddedWhereNothingIs) {
  std::vector<CoreSegment> segments{{{0x2000, 0x4000}}};
  addSegments(segments, {{{0x1000, 0x2000}}, {{0x3000, 0x4000}}, {{0x5000, 0x6000}}});
  std::vector<Range> ranges;
  for (const CoreSegment& each : segments) ranges.push_back(each.range);
  EXPECT_THAT(ranges, ::testing::ElementsAre(Range{0x1000, 0x2000}, Range{0x2000, 0x4000},
                                             Range{0x5000, 0x6000}));
}

TEST(CoreWriter, ThreadsOfEveryArchitectureAreReadAgain) {
  for (const Architecture* arch : arch::all()) {
    std::vector<std::uint64_t> block(arch->general.names.size());
    block[arch->general.pc] = 0x401234;
    block[arch->general.sp] = 0xc000001000;
    const auto bytes = std::as_bytes(std::span(block));
    Thread thread;
    thread.tid = 71;
    thread.sets.push_back({NT_PRSTATUS, {bytes.begin(), bytes.end()}});
    thread.sets.push_back({NT_FPREGSET, Bytes(528, std::byte{0x5a})});
    Thread stubborn;
    stubborn.tid = 72;
    ProcessFacts facts;
    facts.name = "service";
    facts.arguments = "/srv/service " + std::string(200, 'x');
    const std::uint64_t vector[] = {AT_ENTRY, 0x401000, AT_NULL, 0};
    const auto auxiliary = std::as_bytes(std::span(vector));
    facts.auxiliary.assign(auxiliary.begin(), auxiliary.end());
    const Mapping mapping{0x400000, 0x402000, 0x3000, "/srv/service"};

    MemoryOut file;
    AddressSpace memory;
    const CoreContents contents{
        *arch, notesOfProcess(70, facts, std::vector{thread, stubborn}, std::vector{mapping}), {}};
    ASSERT_TRUE(writeCore(contents, memory, file, nullptr));
    const auto core = readBack(file);
    EXPECT_EQ(&core->arch(), arch);
    const CoreNotes notes = readCoreNotes(core->notes(), *arch);
    ASSERT_EQ(notes.threads.size(), 2U) << arch->name;
    EXPECT_EQ(notes.threads[0].tid, 71);
    EXPECT_EQ(notes.threads[0].registers.pc, 0x401234U);
    EXPECT_EQ(notes.threads[0].registers.sp, 0xc000001000U);
    EXPECT_TRUE(notes.threads[0].hasVectors);
    EXPECT_FALSE(notes.threads[1].hasRegisters) << "they were not read";
    EXPECT_EQ(notes.pid, 70);
    EXPECT_EQ(notes.signal, 0);
    EXPECT_EQ(notes.program, "service");
    EXPECT_EQ(notes.command, "/srv/service");
    EXPECT_EQ(notes.auxiliary.entry, 0x401000U);
    ASSERT_EQ(notes.mappings.size(), 1U);
    EXPECT_EQ(notes.mappings[0].fileOffset, 0x3000U);
    EXPECT_EQ(notes.mappings[0].path, "/srv/service");
  }
}

TEST(ZstdSink, IsUnpackedAgain) {
  MemoryOut file;
  ZstdSink packed(file, ZstdSink::kUsual);
  Bytes plain = filled(3 << 20, 7);
  plain.resize(4 << 20);
  ASSERT_TRUE(packed.append(std::span(plain).first(5)));
  ASSERT_TRUE(packed.append(std::span(plain).subspan(5)));
  ASSERT_TRUE(packed.finish());
  EXPECT_TRUE(file.finished);
  EXPECT_LT(file.bytes.size(), 4096U);
  const auto unpacked = unpack(file.bytes, "dump", nullptr, 8 << 20);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_EQ(unpacked->size, plain.size());
  EXPECT_FALSE(unpacked->cutShort);
}

DumpNotes someDumpNotes() {
  DumpNotes notes;
  notes.wallTimeNs = 12;
  notes.monotonicNs = 34;
  notes.cutOff = true;
  notes.incomplete = {{"threads", "one did not stop", 3, 0x1234}};
  notes.regions = {regionOf(0x1000, 0x3000), regionOf(0x5000, 0x6000)};
  notes.descriptors = {{3, "socket:[4711]"}, {4, "/tmp/x"}};
  notes.sockets[4711] = {"tcp", "127.0.0.1:80", ""};
  return notes;
}

TEST(DumpNotes, AreReadAsTheyWereWritten) {
  MemoryOut file;
  AddressSpace memory;
  CoreContents contents{arch::host(), encodeDumpNotes(someDumpNotes()), {}};
  contents.notes.push_back({"CORE", NT_AUXV, Bytes(16)});
  ASSERT_TRUE(writeCore(contents, memory, file, nullptr));
  const auto core = readBack(file);
  const auto read = decodeDumpNotes(core->notes());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->wallTimeNs, 12);
  EXPECT_EQ(read->monotonicNs, 34);
  EXPECT_TRUE(read->cutOff);
  ASSERT_EQ(read->incomplete.size(), 1U);
  EXPECT_EQ(read->incomplete[0].count, 3U);
  EXPECT_EQ(read->incomplete[0].detail, "one did not stop");
  ASSERT_EQ(read->regions.size(), 2U);
  EXPECT_EQ(read->regions[1].start, 0x5000U);
  EXPECT_TRUE(read->regions[1].writable);
  ASSERT_EQ(read->descriptors.size(), 2U);
  EXPECT_EQ(read->descriptors[1].link, "/tmp/x");
  EXPECT_EQ(read->sockets.at(4711).local, "127.0.0.1:80");
  const auto others = otherNotes(core->notes());
  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(others[0].type, static_cast<std::uint32_t>(NT_AUXV));
  EXPECT_FALSE(decodeDumpNotes({})) << "a core by somebody else";
}

TEST(DumpNotes, CutAnywhereTheyAreReadAsFarAsTheyGo) {
  for (CoreNote& whole : encodeDumpNotes(someDumpNotes())) {
    for (std::size_t size = 0; size < whole.description.size(); ++size) {
      const ElfNote cut{whole.name, whole.type, std::span(whole.description).first(size)};
      EXPECT_FALSE(decodeDumpNotes(std::span(&cut, 1))) << whole.type << " of " << size;
    }
  }
}

}  // namespace
}  // namespace parked::target
