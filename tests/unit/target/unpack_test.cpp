#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <zstd.h>

#include "elf_builder.h"
#include "target/unpack_zstd.h"

namespace parked::target {
namespace {

using ::testing::HasSubstr;

// Sets an environment variable for the length of a test.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value, 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

Bytes compressed(const Bytes& plain) {
  Bytes frame(ZSTD_compressBound(plain.size()));
  frame.resize(ZSTD_compress(frame.data(), frame.size(), plain.data(), plain.size(), 1));
  return frame;
}

// Bytes that do not compress, so that the stream is as long as they are.
Bytes noise(std::size_t size) {
  Bytes out(size);
  std::uint64_t state = 1;
  for (auto& byte : out) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::byte>(state >> 56);
  }
  return out;
}

Bytes contents(const Unpacked& unpacked) {
  Bytes out(unpacked.size);
  const ssize_t n = pread(unpacked.file.get(), out.data(), out.size(), 0);
  out.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return out;
}

TEST(UnpackZstd, PagesOfZerosTakeNoSpace) {
  Bytes plain(64 << 20);
  const Bytes island = noise(3000);
  std::copy(island.begin(), island.end(), plain.begin() + (20 << 20));
  plain.back() = std::byte{1};
  auto unpacked = unpackZstd(compressed(plain), "core.zst", nullptr);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_FALSE(unpacked->cutShort);
  EXPECT_EQ(contents(*unpacked), plain);
  struct stat info{};
  ASSERT_EQ(fstat(unpacked->file.get(), &info), 0);
  EXPECT_LT(info.st_blocks * 512, 1 << 20);
  EXPECT_EQ(info.st_nlink, 0U) << "nothing is left behind when it is closed";
}

TEST(UnpackZstd, ManyFramesAndSkippableOnesAreOneStream) {
  const Bytes one = noise(700000);
  const Bytes two = noise(1500001);
  const std::uint32_t skippable[] = {ZSTD_MAGIC_SKIPPABLE_START + 5, 4, 0xffffffff};
  Bytes skip;
  append(skip, skippable, sizeof skippable);
  const Bytes stream = concat({skip, compressed(one), skip, compressed({}), compressed(two), skip});
  ASSERT_TRUE(isZstd(stream));
  auto unpacked = unpackZstd(stream, "core.zst", nullptr);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_FALSE(unpacked->cutShort);
  EXPECT_EQ(contents(*unpacked), concat({one, two}));
}

TEST(UnpackZstd, ACutStreamGivesWhatCameBefore) {
  const Bytes plain = noise(4 << 20);
  Bytes stream = compressed(plain);
  stream.resize(stream.size() / 2);
  auto unpacked = unpackZstd(stream, "core.zst", nullptr);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_TRUE(unpacked->cutShort);
  const Bytes got = contents(*unpacked);
  ASSERT_GT(got.size(), 1U << 20);
  EXPECT_TRUE(std::equal(got.begin(), got.end(), plain.begin()));
}

TEST(UnpackZstd, DamageInTheMiddleGivesWhatCameBefore) {
  const Bytes plain = noise(1 << 20);
  Bytes stream = concat({compressed(plain), compressed(plain)});
  const std::size_t second = stream.size() / 2;
  for (std::size_t i = second; i < second + 16; ++i) stream[i] = std::byte{0xee};
  auto unpacked = unpackZstd(stream, "core.zst", nullptr);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_TRUE(unpacked->cutShort);
  EXPECT_GE(unpacked->size, plain.size());
}

TEST(UnpackZstd, NothingToUnpackIsAnError) {
  const Bytes whole = compressed(noise(1000));
  for (const std::size_t size : {4, 8}) {
    const Bytes start(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto unpacked = unpackZstd(start, "core.zst", nullptr);
    ASSERT_FALSE(unpacked) << size;
    EXPECT_EQ(unpacked.error().code, ErrorCode::badFormat);
    EXPECT_THAT(unpacked.error().message, HasSubstr("core.zst"));
  }
}

TEST(UnpackZstd, WithoutADirectoryItSaysWhatToSet) {
  const Environment nowhere("TMPDIR", "/nonexistent");
  const auto unpacked = unpackZstd(compressed(noise(1 << 20)), "core.zst", nullptr);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code, ErrorCode::io);
  EXPECT_THAT(unpacked.error().message, HasSubstr("TMPDIR"));
}

TEST(UnpackZstd, WithoutRoomItSaysWhere) {
  // A limit on the size of files stands in for a full disk.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{64 << 10, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const auto unpacked = unpackZstd(compressed(noise(4 << 20)), "core.zst", nullptr);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code, ErrorCode::io);
  EXPECT_THAT(unpacked.error().message, HasSubstr("not enough free space in /"));
}

TEST(UnpackZstd, ABombOfZerosIsNotACore) {
  const Bytes stream = compressed(Bytes(64 << 20));
  ASSERT_LT(stream.size(), 16U << 10);
  EXPECT_TRUE(unpackZstd(stream, "core.zst", nullptr, 64 << 20));
  const auto unpacked = unpackZstd(stream, "core.zst", nullptr, 63 << 20);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code, ErrorCode::badFormat);
  EXPECT_THAT(unpacked.error().message, HasSubstr("core.zst: it unpacks to more than 63 MiB"));
}

TEST(UnpackZstd, OfACoreNoMoreThanItsHeadersSpeakOf) {
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_LOAD, 0x10000, PF_R | PF_W, noise(3 << 20));
  const Bytes core = builder.build();
  const auto whole = unpackZstd(compressed(core), "core.zst", nullptr);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->size, core.size());
  const Bytes behind(32 << 20);
  const auto more = unpackZstd(compressed(concat({core, behind})), "core.zst", nullptr);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::badFormat);
  EXPECT_THAT(more.error().message, HasSubstr("more than 19 MiB"));
}

TEST(UnpackZstd, CtrlCEndsIt) {
  class Impatient final : public Observer {
   public:
    bool cancelled() override { return true; }
  } observer;
  const auto unpacked = unpackZstd(compressed(noise(1 << 20)), "core.zst", &observer);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code, ErrorCode::interrupted);
}

}  // namespace
}  // namespace parked::target
