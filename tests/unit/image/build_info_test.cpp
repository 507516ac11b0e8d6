#include "image/build_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bytes.h"
#include "image/build_modules.h"

namespace parked::image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Bytes inlineBuildInfo(std::string_view version, std::string_view modules) {
  Bytes out;
  out.text("\xff Go buildinf:").u8(8).u8(2);
  out.resize(32);
  out.uvarint(version.size()).text(version);
  const std::string frame(16, '#');
  out.uvarint(modules.empty() ? 0 : modules.size() + 32);
  if (!modules.empty()) out.text(frame).text(modules).text(frame);
  return out;
}

TEST(GoVersionTest, PlainReleases) {
  const auto version = parseGoVersion("go1.22.12");
  ASSERT_TRUE(version);
  EXPECT_EQ(version->minor, 22);
  EXPECT_EQ(version->patch, 12);
  EXPECT_FALSE(version->development);
  EXPECT_THAT(version->experiments, IsEmpty());
  EXPECT_EQ(parseGoVersion("go1.18")->patch, 0);
}

TEST(GoVersionTest, ExperimentsFollowABlankOrADash) {
  const auto old = parseGoVersion("go1.22.12 X:noallocheaders,arenas");
  ASSERT_TRUE(old);
  EXPECT_THAT(old->experiments, ElementsAre("noallocheaders", "arenas"));
  EXPECT_EQ(old->patch, 12);
  const auto recent = parseGoVersion("go1.26.8-X:nogreenteagc");
  ASSERT_TRUE(recent);
  EXPECT_EQ(recent->minor, 26);
  EXPECT_EQ(recent->patch, 8);
  EXPECT_TRUE(recent->experiment("nogreenteagc"));
  EXPECT_FALSE(recent->experiment("greenteagc"));
}

TEST(GoVersionTest, DevelopmentCandidateAndVendorBuilds) {
  const auto devel = parseGoVersion("devel go1.28-abcdef12 Tue Jan 6 10:00:00 2026 +0000");
  ASSERT_TRUE(devel);
  EXPECT_EQ(devel->minor, 28);
  EXPECT_TRUE(devel->development);
  EXPECT_TRUE(devel->newerThanKnown());
  EXPECT_TRUE(parseGoVersion("go1.26-devel_0123456789 Mon")->development);
  EXPECT_EQ(parseGoVersion("go1.22rc1")->minor, 22);
  EXPECT_EQ(parseGoVersion("go1.22.5 (Red Hat 1.22.5-1.el9)")->patch, 5);
  EXPECT_EQ(
      parseGoVersion("go1.23-20240626-RC01 cl/646990413 +5a18e79687 X:fieldtrack,boringcrypto")
          ->experiments.size(),
      2u);
  EXPECT_EQ(parseGoVersion("go1.22.5 (Red Hat 1.22.5-1.el9)")->text,
            "go1.22.5 (Red Hat 1.22.5-1.el9)");
}

TEST(GoVersionTest, WhatIsNotAVersion) {
  EXPECT_FALSE(parseGoVersion(""));
  EXPECT_FALSE(parseGoVersion("go1."));
  EXPECT_FALSE(parseGoVersion("devel +abcdef"));
  EXPECT_FALSE(parseGoVersion("go2.0"));
  EXPECT_FALSE(parseGoVersion("cargo1.22"));
  EXPECT_EQ(parseGoVersion("go1.99999999999")->minor, 9999);
}

TEST(BuildInfoTest, ModuleInformationAndSettings) {
  const Bytes bytes = inlineBuildInfo(
      "go1.24.9",
      "path\texample.com/shop/cmd/web\nmod\texample.com/shop\tv1.4.0\th1:abc=\n"
      "dep\texample.com/x\tv0.1.0\th1:def=\nbuild\t-ldflags=\"-X main.v=\\\"a b\\\"\"\n"
      "build\tCGO_ENABLED=1\nbuild\t`a=b`=c\n");
  const auto info = parseBuildInfo(bytes, "web");
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->path, "example.com/shop/cmd/web");
  EXPECT_EQ(info->module, "example.com/shop v1.4.0");
  EXPECT_EQ(info->setting("CGO_ENABLED"), "1");
  EXPECT_EQ(info->setting("-ldflags"), "-X main.v=\"a b\"");
  EXPECT_EQ(info->setting("a=b"), "c");
  EXPECT_EQ(info->setting("GOARCH"), "");
}

TEST(BuildModulesTest, MainDependenciesReplacedAndOfTheWorkspace) {
  const auto modules = parseBuildModules(
      "path\texample.com/shop/cmd/web\nmod\texample.com/shop\tv1.4.0\th1:abc=\n"
      "dep\texample.com/x\tv0.1.0\th1:def=\n"
      "dep\texample.com/y\tv0.2.0\n=>\t../y\t(devel)\t\n\n"
      "dep\texample.com/z\tv0.3.0\n=>\texample.org/fork\tv0.3.1\th1:ghi=\n"
      "dep\texample.com/near\t(devel)\t\nbuild\t-compiler=gc\n");
  ASSERT_EQ(modules.size(), 5U);
  EXPECT_EQ(modules[0].path, "example.com/shop");
  EXPECT_EQ(modules[0].version, "v1.4.0");
  EXPECT_TRUE(modules[0].main);
  EXPECT_EQ(modules[1].path, "example.com/x");
  EXPECT_FALSE(modules[1].main);
  EXPECT_FALSE(modules[1].replacedByDirectory);
  EXPECT_TRUE(modules[2].replacedByDirectory);
  EXPECT_FALSE(modules[3].replacedByDirectory) << "by another module";
  EXPECT_EQ(modules[3].path, "example.com/z");
  EXPECT_TRUE(modules[4].main) << "of the same workspace";
  EXPECT_THAT(parseBuildModules(""), IsEmpty());
  EXPECT_EQ(parseBuildModules("=>\n=>\t.\nmod").size(), 1U) << "damaged";
}

TEST(BuildInfoTest, NoModuleInformation) {
  const auto info = parseBuildInfo(inlineBuildInfo("go1.18.10", ""), "x");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->version.minor, 18);
  EXPECT_EQ(info->path, "");
  EXPECT_THAT(info->settings, IsEmpty());
}

TEST(BuildInfoTest, NotGo) {
  const auto info = parseBuildInfo(Bytes(64), "/bin/true");
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::badFormat);
  EXPECT_THAT(info.error().message, HasSubstr("/bin/true: not a Go program"));
}

TEST(BuildInfoTest, TooOld) {
  Bytes pointers = inlineBuildInfo("go1.17.13", "");
  pointers.set(15, std::uint8_t{0});
  EXPECT_EQ(parseBuildInfo(pointers, "x").error().code, ErrorCode::unsupported);
  const auto info = parseBuildInfo(inlineBuildInfo("go1.17.13", ""), "x");
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::unsupported);
  EXPECT_THAT(info.error().message, HasSubstr("go1.17.13"));
}

TEST(BuildInfoTest, Obfuscated) {
  const auto info = parseBuildInfo(inlineBuildInfo("unknown", ""), "x");
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::unsupported);
  EXPECT_THAT(info.error().message, HasSubstr("garble"));
}

TEST(BuildInfoTest, TruncatedAnywhere) {
  const Bytes whole = inlineBuildInfo("go1.24.9", "path\tx\n");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto info = parseBuildInfo(std::span(whole).first(size), "x");
    if (size < 32 + 1 + 8) {
      ASSERT_FALSE(info) << size;
    } else {
      ASSERT_TRUE(info) << size;
      EXPECT_EQ(info->path, "");
    }
  }
  Bytes huge = whole;
  for (std::size_t i = 32; i < 42; ++i) huge.set(i, std::uint8_t{0xff});
  EXPECT_EQ(parseBuildInfo(huge, "x").error().code, ErrorCode::badFormat);
}

TEST(BuildInfoTest, FoundBySectionAndByMagic) {
  ElfBuilder builder;
  Bytes data(48);  // the magic is aligned to 16 in a writable segment
  data.bytes(inlineBuildInfo("go1.25.4", "path\tmain\n"));
  builder.segment(PF_R | PF_X, 0x400000, Bytes(64));
  builder.segment(PF_R | PF_W, 0x500000, data);
  builder.section(".go.buildinfo", inlineBuildInfo("go1.26.8", "path\tother\n"), 0x500030);
  for (const bool sections : {true, false}) {
    const Bytes file = builder.build(sections);
    const auto elf = target::ElfFile::fromBytes(file, "program");
    ASSERT_TRUE(elf) << elf.error().message;
    const auto info = readBuildInfo(**elf);
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->path, sections ? "other" : "main");
  }
}

TEST(BuildInfoTest, ProgramsThatShareTheStandardLibraryAreRefused) {
  Bytes needed;
  needed.u8(0);
  needed.zeroTerminated("libc.so.6").zeroTerminated("libstd.so");
  const Bytes program = ElfBuilder().section(".dynstr", needed).build();
  const Bytes library = ElfBuilder().section(".note.go.abihash", Bytes(20)).build();
  for (const Bytes& bytes : {program, library}) {
    const auto file = target::ElfFile::fromBytes(bytes, "shop");
    ASSERT_TRUE(file) << file.error().message;
    const auto info = readBuildInfo(**file);
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code, ErrorCode::unsupported);
    EXPECT_THAT(info.error().message, HasSubstr("-linkshared"));
  }
  Bytes others;
  others.u8(0);
  others.zeroTerminated("libstd.so.6").zeroTerminated("mylibstd.so");
  const Bytes plain = ElfBuilder().section(".dynstr", others).build();
  const auto file = target::ElfFile::fromBytes(plain, "shop");
  ASSERT_TRUE(file);
  EXPECT_EQ(readBuildInfo(**file).error().code, ErrorCode::badFormat);  // not Go's
}

}  // namespace
}  // namespace parked::image
