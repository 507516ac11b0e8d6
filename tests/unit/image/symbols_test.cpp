#include "image/symbols.h"

#include <gtest/gtest.h>

#include "bytes.h"

namespace parked::image {
namespace {

Elf64_Sym symbol(std::size_t name, std::uint64_t value, unsigned type, std::uint16_t section = 1) {
  Elf64_Sym out{};
  out.st_name = static_cast<Elf64_Word>(name);
  out.st_info = ELF64_ST_INFO(STB_LOCAL, type);
  out.st_shndx = section;
  out.st_value = value;
  return out;
}

TEST(SymbolsTest, FindsDataSymbolsWithBias) {
  Bytes names;
  names.u8(0);
  const std::size_t allgs = names.size();
  names.zeroTerminated("runtime.allgs");
  const std::size_t park = names.size();
  names.zeroTerminated("runtime.gopark");
  const std::size_t open = names.size();
  names.text("unterminated");
  Bytes table;
  table.put(symbol(0, 0, STT_NOTYPE, SHN_UNDEF));
  table.put(symbol(allgs, 0x1000, STT_OBJECT));
  table.put(symbol(park, 0x2000, STT_FUNC));
  table.put(symbol(open, 0x3000, STT_OBJECT));
  table.put(symbol(0xfffffff0, 0x4000, STT_OBJECT));
  table.u32(1);  // half an entry at the end
  const Bytes file =
      ElfBuilder().section(".symtab", table, 0, 0, SHT_SYMTAB).section(".strtab", names).build();
  const auto elf = target::ElfFile::fromBytes(file, "program");
  ASSERT_TRUE(elf) << elf.error().message;
  Symbols symbols(**elf, 0x550000);
  EXPECT_EQ(symbols.find("runtime.allgs"), 0x551000u);
  EXPECT_EQ(symbols.find("runtime.gopark"), std::nullopt);
  EXPECT_EQ(symbols.find("unterminated"), std::nullopt);
  EXPECT_EQ(symbols.find(""), std::nullopt);
}

TEST(SymbolsTest, Stripped) {
  const Bytes file = ElfBuilder().section(".text", Bytes(4)).build();
  const auto elf = target::ElfFile::fromBytes(file, "program");
  ASSERT_TRUE(elf);
  EXPECT_EQ(Symbols(**elf, 0).find("runtime.allgs"), std::nullopt);
}

}  // namespace
}  // namespace parked::image
