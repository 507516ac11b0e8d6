// Which instance of a generic a function of a shape is, by the names of dictionaries.

#include "leak/instances.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../image/bytes.h"

namespace parked::leak {
namespace {

/// A program with those functions, at 0x1000, 0x2000 and so on, and dictionaries.
class Program {
 public:
  Program(int minor, const std::vector<std::string_view>& functions,
          const std::vector<std::string_view>& dictionaries) {
    names_.u8(0);
    table_.put(Elf64_Sym{});
    Addr at = 0;
    for (const std::string_view name : functions) add(name, at += 0x1000, STT_FUNC);
    for (const std::string_view name : dictionaries) add(name, at += 0x1000, STT_OBJECT);
    const image::Bytes file = image::ElfBuilder()
                                  .section(".symtab", table_, 0, 0, SHT_SYMTAB)
                                  .section(".strtab", names_)
                                  .build();
    const auto elf = target::ElfFile::fromBytes(file, "program");
    image::GoVersion version;
    version.minor = minor;
    instances_.emplace(**elf, version);
  }

  std::string_view first() const { return instances_->typesOf(0x1000); }
  std::string_view second() const { return instances_->typesOf(0x2000); }

 private:
  void add(std::string_view name, Addr value, unsigned type) {
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<Elf64_Word>(names_.size());
    symbol.st_info = ELF64_ST_INFO(STB_LOCAL, type);
    symbol.st_shndx = 1;
    symbol.st_value = value;
    names_.zeroTerminated(std::string(name));
    table_.put(symbol);
  }

  image::Bytes names_, table_;
  std::optional<Instances> instances_;
};

TEST(Instances, TheOnlyDictionaryTells) {
  const Program program(26, {"main.worker[go.shape.int]", "main.(*Box[go.shape.string]).Put"},
                        {"main..dict.worker[int]", "main..dict.Box[string]"});
  EXPECT_EQ(program.first(), "int");
  EXPECT_EQ(program.second(), "string");
}

TEST(Instances, OfSeveralTheOneThatFitsTheShape) {
  const Program program(26, {"main.worker[go.shape.int]", "main.worker[go.shape.*uint8]"},
                        {"main..dict.worker[int]", "main..dict.worker[*example.org/shop.Order]",
                         "main..dict.worker[string]"});
  EXPECT_EQ(program.first(), "int");
  EXPECT_EQ(program.second(), "*shop.Order");
}

TEST(Instances, WhereTwoFitNothingIsSaid) {
  const Program named(26, {"main.worker[go.shape.int]", "main.worker[go.shape.*uint8]"},
                      {"main..dict.worker[int]", "main..dict.worker[main.ID]",
                       "main..dict.worker[*int]", "main..dict.worker[*string]"});
  EXPECT_EQ(named.first(), "");   // an ID may be an int
  EXPECT_EQ(named.second(), "");  // all pointers have one shape
}

TEST(Instances, SeveralTypesAndNestedOnes) {
  const Program program(
      26, {"main.pair[go.shape.string,go.shape.[]uint8]", "main.deep[go.shape.func(int, string)]"},
      {"main..dict.pair[string,[]uint8]", "main..dict.pair[int,[]uint8]",
       "main..dict.deep[func(int, string)]"});
  EXPECT_EQ(program.first(), "string,[]uint8");
  EXPECT_EQ(program.second(), "func(int, string)");
}

TEST(Instances, BeforeGo120DictionariesAreOfMethodsAndShapesHaveNumbers) {
  const Program program(18, {"main.(*Pool[go.shape.float64_0]).run", "main.worker[go.shape.int_0]"},
                        {"main..dict.(*Pool[float64]).run", "main..dict.(*Pool[float64]).start",
                         "main..dict.worker[int]"});
  EXPECT_EQ(program.first(), "float64");
  EXPECT_EQ(program.second(), "int");
}

TEST(Instances, LiteralsOnlyWhereTheirNamesTellWhoseTheyAre) {
  const std::vector<std::string_view> functions = {"main.worker[go.shape.int].func1",
                                                   "main.(*Box[go.shape.int]).Put.gowrap1"};
  const std::vector<std::string_view> dictionaries = {"main..dict.worker[int]",
                                                      "main..dict.Box[int]"};
  const Program since(22, functions, dictionaries), before(21, functions, dictionaries);
  EXPECT_EQ(since.first(), "int");
  EXPECT_EQ(since.second(), "int");
  EXPECT_EQ(before.first(), "");
  EXPECT_EQ(before.second(), "");
}

TEST(Instances, TypesDeclaredInFunctionsLoseTheirNumbers) {
  const Program program(26, {"main.worker[go.shape.struct { main.a int }]"},
                        {"main..dict.worker[main.order\u00b72]"});
  EXPECT_EQ(program.first(), "main.order");
}

TEST(Instances, ADictionaryThatCannotBeReadLeavesItOpen) {
  const std::string broken = "main..dict.worker[[int";
  const std::string tooLong = "main..dict.worker[main." + std::string(5000, 'x') + "]";
  for (const std::string& other : {broken, tooLong}) {
    const Program program(26, {"main.worker[go.shape.int]"}, {"main..dict.worker[int]", other});
    EXPECT_EQ(program.first(), "") << other.substr(0, 30);
  }
  EXPECT_EQ(Program(26, {"main.worker[go.shape.int]"}, {}).first(), "");
}

TEST(InstanceName, TypesStandWhereGoPrintsNone) {
  EXPECT_EQ(instanceName("main.(*Box[...]).Put", "int"), "main.(*Box[int]).Put");
  EXPECT_EQ(instanceName("main.main", "int"), "");
  EXPECT_EQ(instanceName("main.f[...]", ""), "");
}

}  // namespace
}  // namespace parked::leak
