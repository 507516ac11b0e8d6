#include "target/unpack.h"

#include <archive.h>
#include <archive_entry.h>
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
#include "target/unpack_streams.h"

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

// The bytes as gzip, xz or lz4 write them: libarchive, from the other side.
using AddFilter = int (*)(archive*);
Bytes packed(const Bytes& plain, AddFilter filter) {
  Bytes out(plain.size() + (1 << 20));
  std::size_t used = 0;
  archive* a = archive_write_new();
  filter(a);
  archive_write_set_filter_option(a, nullptr, "compression-level", "1");
  archive_write_set_format_raw(a);
  archive_write_set_bytes_in_last_block(a, 1);
  archive_write_open_memory(a, out.data(), out.size(), &used);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, S_IFREG);
  archive_write_header(a, entry);
  archive_write_data(a, plain.data(), plain.size());
  archive_entry_free(entry);
  archive_write_close(a);
  archive_write_free(a);
  out.resize(used);
  return out;
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

TEST(Unpack, PagesOfZerosTakeNoSpace) {
  Bytes plain(64 << 20);
  const Bytes island = noise(3000);
  std::copy(island.begin(), island.end(), plain.begin() + (20 << 20));
  plain.back() = std::byte{1};
  auto unpacked = unpack(compressed(plain), "core.zst", nullptr);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_FALSE(unpacked->cutShort);
  EXPECT_EQ(contents(*unpacked), plain);
  struct stat info{};
  ASSERT_EQ(fstat(unpacked->file.get(), &info), 0);
  EXPECT_LT(info.st_blocks * 512, 1 << 20);
  EXPECT_EQ(info.st_nlink, 0U) << "nothing is left behind when it is closed";
}

TEST(Unpack, ManyFramesAndSkippableOnesAreOneStream) {
  const Bytes one = noise(700000);
  const Bytes two = noise(1500001);
  const std::uint32_t skippable[] = {ZSTD_MAGIC_SKIPPABLE_START + 5, 4, 0xffffffff};
  Bytes skip;
  append(skip, skippable, sizeof skippable);
  const Bytes stream = concat({skip, compressed(one), skip, compressed({}), compressed(two), skip});
  ASSERT_TRUE(isCompressed(stream));
  auto unpacked = unpack(stream, "core.zst", nullptr);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_FALSE(unpacked->cutShort);
  EXPECT_EQ(contents(*unpacked), concat({one, two}));
}

TEST(Unpack, ACutStreamGivesWhatCameBefore) {
  const Bytes plain = noise(4 << 20);
  Bytes stream = compressed(plain);
  stream.resize(stream.size() / 2);
  auto unpacked = unpack(stream, "core.zst", nullptr);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_TRUE(unpacked->cutShort);
  const Bytes got = contents(*unpacked);
  ASSERT_GT(got.size(), 1U << 20);
  EXPECT_TRUE(std::equal(got.begin(), got.end(), plain.begin()));
}

TEST(Unpack, DamageInTheMiddleGivesWhatCameBefore) {
  const Bytes plain = noise(1 << 20);
  Bytes stream = concat({compressed(plain), compressed(plain)});
  const std::size_t second = stream.size() / 2;
  for (std::size_t i = second; i < second + 16; ++i) stream[i] = std::byte{0xee};
  auto unpacked = unpack(stream, "core.zst", nullptr);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_TRUE(unpacked->cutShort);
  EXPECT_GE(unpacked->size, plain.size());
}

TEST(Unpack, NothingToUnpackIsAnError) {
  const Bytes whole = compressed(noise(1000));
  for (const std::size_t size : {4, 8}) {
    const Bytes start(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto unpacked = unpack(start, "core.zst", nullptr);
    ASSERT_FALSE(unpacked) << size;
    EXPECT_EQ(unpacked.error().code, ErrorCode::badFormat);
    EXPECT_THAT(unpacked.error().message, HasSubstr("core.zst"));
  }
}

TEST(Unpack, WithoutADirectoryItSaysWhatToSet) {
  const Environment nowhere("TMPDIR", "/nonexistent");
  const auto unpacked = unpack(compressed(noise(1 << 20)), "core.zst", nullptr);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code, ErrorCode::io);
  EXPECT_THAT(unpacked.error().message, HasSubstr("TMPDIR"));
}

TEST(Unpack, WithoutRoomItSaysWhere) {
  // A limit on the size of files stands in for a full disk.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{64 << 10, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const auto unpacked = unpack(compressed(noise(4 << 20)), "core.zst", nullptr);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code, ErrorCode::io);
  EXPECT_THAT(unpacked.error().message, HasSubstr("not enough free space in /"));
}

TEST(Unpack, ABombOfZerosIsNotACore) {
  const Bytes stream = compressed(Bytes(64 << 20));
  ASSERT_LT(stream.size(), 16U << 10);
  EXPECT_TRUE(unpack(stream, "core.zst", nullptr, 64 << 20));
  const auto unpacked = unpack(stream, "core.zst", nullptr, 63 << 20);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code, ErrorCode::badFormat);
  EXPECT_THAT(unpacked.error().message, HasSubstr("core.zst: it unpacks to more than 63 MiB"));
}

TEST(Unpack, OfACoreNoMoreThanItsHeadersSpeakOf) {
  ElfBuilder builder(ET_CORE);
  builder.segment(PT_LOAD, 0x10000, PF_R | PF_W, noise(3 << 20));
  const Bytes core = builder.build();
  const auto whole = unpack(compressed(core), "core.zst", nullptr);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->size, core.size());
  const Bytes behind(32 << 20);
  const auto more = unpack(compressed(concat({core, behind})), "core.zst", nullptr);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::badFormat);
  EXPECT_THAT(more.error().message, HasSubstr("more than 19 MiB"));
}

TEST(Unpack, CtrlCEndsIt) {
  class Impatient final : public Observer {
   public:
    bool cancelled() override { return true; }
  } observer;
  const auto unpacked = unpack(compressed(noise(1 << 20)), "core.zst", &observer);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code, ErrorCode::interrupted);
}

class UnpackArchive : public testing::TestWithParam<AddFilter> {};
INSTANTIATE_TEST_SUITE_P(Filters, UnpackArchive,
                         testing::Values(archive_write_add_filter_gzip, archive_write_add_filter_xz,
                                         archive_write_add_filter_lz4));

TEST_P(UnpackArchive, GivesWhatWasPacked) {
  Bytes plain(8 << 20);
  const Bytes island = noise(3000);
  std::copy(island.begin(), island.end(), plain.begin() + (5 << 20));
  const Bytes stream = packed(plain, GetParam());
  ASSERT_TRUE(isCompressed(stream));
  auto unpacked = unpack(stream, "core", nullptr);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_FALSE(unpacked->cutShort);
  EXPECT_EQ(contents(*unpacked), plain);
  struct stat info{};
  ASSERT_EQ(fstat(unpacked->file.get(), &info), 0);
  EXPECT_LT(info.st_blocks * 512, 1 << 20) << "pages of zeros take no space";
}

TEST_P(UnpackArchive, ACutStreamGivesWhatCameBefore) {
  const Bytes plain = noise(10 << 20);  // a block of lz4 has 4 MiB
  Bytes stream = packed(plain, GetParam());
  stream.resize(stream.size() / 2);
  auto unpacked = unpack(stream, "core", nullptr);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_TRUE(unpacked->cutShort);
  const Bytes got = contents(*unpacked);
  ASSERT_GT(got.size(), 1U << 20);
  EXPECT_TRUE(std::equal(got.begin(), got.end(), plain.begin()));
}

TEST_P(UnpackArchive, ABombEndsAtItsBound) {
  const Bytes stream = packed(Bytes(16 << 20), GetParam());
  const auto unpacked = unpack(stream, "core", nullptr, 8 << 20);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code, ErrorCode::badFormat);
  EXPECT_THAT(unpacked.error().message, HasSubstr("more than 8 MiB"));
}

TEST_P(UnpackArchive, WhatIsPackedTwiceIsUnpackedOnce) {
  const Bytes inner = packed(noise(5000), GetParam());
  auto unpacked = unpack(packed(inner, GetParam()), "core", nullptr);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_EQ(contents(*unpacked), inner);
}

TEST_P(UnpackArchive, NothingToUnpackIsAnError) {
  Bytes stream = packed(noise(1000), GetParam());
  stream.resize(8);
  const auto unpacked = unpack(stream, "core", nullptr);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code, ErrorCode::badFormat);
}

}  // namespace
}  // namespace parked::target
