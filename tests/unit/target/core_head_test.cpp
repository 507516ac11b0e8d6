#include "target/core_head.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <span>
#include <unistd.h>

#include "elf_builder.h"

namespace parked::target {
namespace {

Bytes streamedCore() {
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_NOTE, 0, 0,
                  concat({note("CORE", NT_PRSTATUS, prstatus(77, 0x400123, 0xc000001000)),
                          note("CORE", NT_PRSTATUS, prstatus(78, 5, 6))}));
  builder.segment(PT_LOAD, 0xc000000000, PF_R | PF_W, filled(0x2000, 0x33));
  return builder.build();
}

/// Asks as somebody who reads a pipe.
std::uint64_t readTo(std::span<const std::byte> core) {
  std::uint64_t have = 0;
  while (true) {
    const std::uint64_t size = headSize(core.first(have));
    if (size <= have) return size;
    if (size > core.size()) return size;
    have = size;
  }
}

TEST(CoreHead, EndsWithTheNotes) {
  const Bytes core = streamedCore();
  const std::uint64_t size = readTo(core);
  ASSERT_GT(size, sizeof(Elf64_Ehdr));
  ASSERT_LT(size, core.size() - 0x2000 + 1);
  const auto dying = readHead(std::span(core).first(size));
  ASSERT_TRUE(dying) << dying.error().message;
  ASSERT_EQ(dying->threads.size(), 2U);
  EXPECT_EQ(dying->threads[0].tid, 77);
  EXPECT_EQ(dying->threads[0].registers.pc, 0x400123U);
  EXPECT_EQ(dying->notes.size(), 2U);
  EXPECT_FALSE(readHead(std::span(core).first(sizeof(Elf64_Ehdr))));
  EXPECT_FALSE(readHead({}));
}

TEST(CoreHead, OfWhatIsNoCoreNothingIsAsked) {
  const Bytes text(100, std::byte{'x'});
  EXPECT_EQ(headSize(text), 0U);
  Bytes program = streamedCore();
  program[offsetof(Elf64_Ehdr, e_type)] = std::byte{ET_EXEC};
  EXPECT_EQ(headSize(program), 0U);
  EXPECT_EQ(headSize({}), sizeof(Elf64_Ehdr));
  EXPECT_EQ(headSize(std::span(text).first(0)), sizeof(Elf64_Ehdr));
}

template <class T>
void put(Bytes& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

TEST(CoreHead, LengthsThatAreMadeUp) {
  Bytes many = streamedCore();
  put<Elf64_Half>(many, offsetof(Elf64_Ehdr, e_phnum), 60000);
  EXPECT_EQ(headSize(many), sizeof(Elf64_Ehdr) + 60000 * sizeof(Elf64_Phdr));
  put<Elf64_Half>(many, offsetof(Elf64_Ehdr, e_phnum), PN_XNUM);
  EXPECT_EQ(headSize(many), 0U);
  Bytes far = streamedCore();
  put<Elf64_Off>(far, offsetof(Elf64_Ehdr, e_phoff), ~std::uint64_t{0} - 8);
  EXPECT_EQ(headSize(far), 0U);
  for (const std::size_t field : {offsetof(Elf64_Phdr, p_filesz), offsetof(Elf64_Phdr, p_offset)}) {
    for (const std::uint64_t value : {~std::uint64_t{0}, kMostHead + 1, kMostHead}) {
      Bytes notes = streamedCore();
      put(notes, sizeof(Elf64_Ehdr) + field, value);
      EXPECT_LE(headSize(notes), kMostHead) << field << " " << value;
    }
  }
}

TEST(CoreHead, NobodyDumpsThisProcess) {
  EXPECT_FALSE(isDumpingCore(getpid()));
  EXPECT_FALSE(isDumpingCore(0x7fffffff));
}

}  // namespace
}  // namespace parked::target
