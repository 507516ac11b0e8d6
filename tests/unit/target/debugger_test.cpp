#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

#include "elf_builder.h"
#include "target/target.h"

namespace parked::target {
namespace {

using ::testing::HasSubstr;

/// A position-independent program on disk: text in its first two pages, data in the third.
class Program {
 public:
  Program() {
    const int fd = mkstemp(path_);
    if (fd >= 0) close(fd);
    ElfBuilder builder(ET_DYN);
    builder.segment(PT_NOTE, 0xf00, PF_R, goBuildId("id"));
    builder.segment(PT_LOAD, 0, PF_R | PF_X, filled(0x2000, 0x90));
    builder.segment(PT_LOAD, 0x2000, PF_R | PF_W, filled(0x1000, 0x11));
    image_ = builder.build();
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(image_.data()),
               static_cast<std::streamsize>(image_.size()));
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { std::remove(path_); }

  std::string path() const { return path_; }
  /// Its memory once loaded: the headers and the note, and data that was written to.
  Bytes loaded(std::string_view buildId) const {
    Bytes memory(image_.begin(), image_.begin() + 0x1000);
    const Bytes id = goBuildId(buildId);
    std::copy(id.begin(), id.end(), memory.begin() + 0xf00);
    memory.resize(0x2000, std::byte{0x90});
    memory.resize(0x3000, std::byte{0x77});
    return memory;
  }

 private:
  char path_[32] = "/tmp/parked-test-XXXXXX";
  Bytes image_;
};

class FakeHost final : public DebuggerHost {
 public:
  static constexpr Addr kBase = 0x7f0000000000;

  std::size_t read(Addr address, std::span<std::byte> out) override {
    ++reads;
    if (address < kBase || address >= kBase + memory.size()) return 0;
    const std::size_t size = std::min(out.size(), memory.size() - (address - kBase));
    std::copy_n(memory.begin() + static_cast<std::ptrdiff_t>(address - kBase), size, out.begin());
    return size;
  }
  std::vector<Thread> threads() override {
    Thread thread;
    thread.tid = 9;
    return {thread};
  }
  std::vector<Region> regions() override { return ranges; }
  std::string executable() override { return program; }
  std::optional<std::uint64_t> loadBias() override { return bias; }

  int reads = 0;
  Bytes memory;
  std::vector<Region> ranges;
  std::string program;
  std::optional<std::uint64_t> bias;
};

TEST(Debugger, ReadsThroughTheHostButReadOnlyPagesFromTheFile) {
  const Program program;
  FakeHost host;
  host.program = program.path();
  host.memory = program.loaded("id");
  host.bias = FakeHost::kBase;
  auto target = openDebugger(host, {});
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->kind(), Kind::debugger);
  ASSERT_EQ((*target)->threads().size(), 1U);
  AddressSpace& memory = (*target)->memory();
  EXPECT_EQ(memory.bytes(FakeHost::kBase + 0x2008, 1)[0], std::byte{0x77}) << "its data is live";
  const int reads = host.reads;
  EXPECT_EQ(memory.bytes(FakeHost::kBase + 0x1800, 1)[0], std::byte{0x90});
  EXPECT_EQ(host.reads, reads) << "text comes from the file";
  EXPECT_TRUE(memory.bytes(0x10000, 8).empty());
}

TEST(Debugger, WithoutABiasTheProgramIsFoundByItsBuildId) {
  const Program program;
  FakeHost host;
  host.program = program.path();
  host.memory = program.loaded("id");
  host.ranges = {{.start = 0x1000, .end = 0x3000},
                 {.start = FakeHost::kBase, .end = FakeHost::kBase + 0x3000}};
  auto target = openDebugger(host, {});
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ((*target)->bias(), FakeHost::kBase);

  host.ranges.clear();  // then there is nowhere to look
  const auto lost = openDebugger(host, {});
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().message, HasSubstr("does not say where"));
}

TEST(Debugger, AnotherProgramIsRefusedUnlessForced) {
  const Program program;
  FakeHost host;
  host.program = program.path();
  host.memory = program.loaded("no");
  host.bias = FakeHost::kBase;
  const auto refused = openDebugger(host, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::mismatch);
  OpenOptions options;
  options.force = true;
  auto forced = openDebugger(host, options);
  ASSERT_TRUE(forced) << forced.error().message;
  EXPECT_FALSE((*forced)->incomplete().empty());
}

TEST(Debugger, WithoutAnExecutableItSaysHowToGiveOne) {
  FakeHost host;
  const auto unknown = openDebugger(host, {});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::notFound);
  EXPECT_THAT(unknown.error().message, HasSubstr("file"));
}

}  // namespace
}  // namespace parked::target
