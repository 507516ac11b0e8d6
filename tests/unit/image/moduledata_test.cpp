#include "image/moduledata.h"

#include <gtest/gtest.h>

#include "synthetic_program.h"

namespace parked::image {
namespace {

class ModuledataTest : public ::testing::Test {
 protected:
  ModuledataTest() { program_.functions = {{.name = "main.main", .size = 0x40}}; }

  Result<ModuleList> read(Addr first = SyntheticProgram::kModule) {
    return readModules(target_, program_.version(), layouts_, first);
  }

  SyntheticProgram program_{24};
  FakeTarget target_;
  FakeLayouts layouts_;
};

TEST_F(ModuledataTest, ReadsThroughTheLayout) {
  program_.build(target_, layouts_);
  const auto modules = read();
  ASSERT_TRUE(modules) << modules.error().message;
  ASSERT_EQ(modules->size(), 1u);
  const Module& module = modules->front();
  EXPECT_EQ(module.address, SyntheticProgram::kModule);
  EXPECT_EQ(module.pcHeader, SyntheticProgram::kPcln);
  EXPECT_EQ(module.ftabCount, 2u);
  EXPECT_EQ(module.cuTable.size, 8u);
  EXPECT_EQ(module.text, SyntheticProgram::kText);
  EXPECT_EQ(module.maxPc, SyntheticProgram::kText + 0x40);
  EXPECT_EQ(module.noptrData, 0x900000u);
  EXPECT_EQ(module.noptrBssEnd, 0x900007u);
  EXPECT_EQ(module.funcDataBase, SyntheticProgram::kFuncData);
  EXPECT_EQ(module.dataMaskBits, 100);
  EXPECT_EQ(module.bssMask, 0xc10000u);
  EXPECT_TRUE(target_.incomplete().empty());
}

TEST_F(ModuledataTest, AnUnknownLayoutNamesWhatIsMissing) {
  program_.build(target_, layouts_);
  layouts_.add("runtime.moduledata", 100).fields = {{"pcHeader", 0, 8, "*runtime.pcHeader"}};
  const auto modules = read();
  ASSERT_FALSE(modules);
  EXPECT_EQ(modules.error().code, ErrorCode::unsupported);
  EXPECT_NE(modules.error().message.find("runtime.moduledata.ftab"), std::string::npos);
}

TEST_F(ModuledataTest, AModuleThatDisagreesWithItsPclntab) {
  program_.build(target_, layouts_);
  Bytes wrong;
  wrong.u32(0xfffffff1).u16(0).u8(1).u8(8).u64(77);
  FakeTarget other;
  other.map(SyntheticProgram::kPcln, wrong);
  SyntheticProgram copy = program_;
  copy.build(other, layouts_);  // what was mapped first wins: the header is the wrong one
  const auto modules = readModules(other, program_.version(), layouts_, SyntheticProgram::kModule);
  ASSERT_FALSE(modules);
  EXPECT_EQ(modules.error().code, ErrorCode::badFormat);
}

TEST_F(ModuledataTest, NotReadable) {
  program_.build(target_, layouts_);
  EXPECT_EQ(read(0x123450000).error().code, ErrorCode::unreadable);
}

TEST_F(ModuledataTest, ACyclicChainEnds) {
  program_.next = SyntheticProgram::kModule;
  program_.build(target_, layouts_);
  const auto modules = read();
  ASSERT_TRUE(modules);
  EXPECT_EQ(modules->size(), 1u);
  EXPECT_FALSE(target_.incomplete().empty());
}

TEST_F(ModuledataTest, ADamagedPluginCostsOnlyItself) {
  program_.next = 0x810000;
  program_.build(target_, layouts_);
  target_.map(0x810000, Bytes(1000));
  const auto modules = read();
  ASSERT_TRUE(modules);
  EXPECT_EQ(modules->size(), 1u);
  ASSERT_EQ(target_.incomplete().entries().size(), 1u);
  EXPECT_EQ(target_.incomplete().entries()[0].what, "module");
}

TEST_F(ModuledataTest, HeadersOfEveryFormat) {
  const auto header = [&](std::uint32_t magic, std::uint64_t minLc) {
    FakeTarget target;
    target.map(0x1000, Bytes().u32(magic).u16(0).u8(minLc).u8(8).u64(5));
    return readPcHeader(target.memory(), 0x1000);
  };
  EXPECT_EQ(header(0xfffffff0, 1)->functionCount, 5u);
  EXPECT_EQ(header(0xfffffff1, 4)->minLc, 4u);
  EXPECT_EQ(header(0xfffffff2, 1).error().code, ErrorCode::unsupported);
  EXPECT_EQ(header(0xfffffffb, 1).error().code, ErrorCode::unsupported);  // Go 1.2 to 1.15
  EXPECT_EQ(header(0xfffffff1, 2).error().code, ErrorCode::badFormat);
  EXPECT_EQ(header(0x12345678, 1).error().code, ErrorCode::badFormat);
}

TEST_F(ModuledataTest, FoundByShapeWithoutSymbols) {
  // The executable's data segment: something that only looks like a pclntab, then the module.
  FakeTarget scratch;
  program_.build(scratch, layouts_);
  const auto copy = [&](Addr address, std::size_t size) {
    Bytes out;
    for (const std::byte byte : scratch.memory().bytes(address, size)) out.push_back(byte);
    return out;
  };
  const auto* pcln = scratch.memory().region(SyntheticProgram::kPcln);
  const auto* module = scratch.memory().region(SyntheticProgram::kModule);
  ASSERT_TRUE(pcln != nullptr && module != nullptr);
  Bytes data;
  data.u32(0xfffffff1).u32(0x12345678).u64(SyntheticProgram::kPcln).u64(0);
  data.bytes(copy(module->start, module->end - module->start));
  target_.setExecutable(ElfBuilder()
                            .segment(PF_R, pcln->start, copy(pcln->start, pcln->end - pcln->start))
                            .segment(PF_R | PF_W, 0x850000, data)
                            .build());
  const auto modules = read(0);
  ASSERT_TRUE(modules) << modules.error().message;
  EXPECT_EQ(modules->front().address, 0x850000u + 24);
}

TEST_F(ModuledataTest, NoModuleToBeFound) {
  program_.build(target_, layouts_);
  target_.setExecutable(ElfBuilder().segment(PF_R | PF_W, 0x850000, Bytes(100)).build());
  EXPECT_EQ(read(0).error().code, ErrorCode::notFound);
}

}  // namespace
}  // namespace parked::image
