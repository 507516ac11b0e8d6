#include "image/inflater.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "bytes.h"

namespace parked::image {
namespace {

Bytes content() {
  Bytes out;
  std::uint32_t random = 1;
  for (int i = 0; i < 300000; ++i) {
    random = random * 1664525 + 1013904223;
    out.u32(random >> 22);
  }
  return out;
}

Bytes zlibOf(const Bytes& plain) {
  Bytes out(compressBound(plain.size()));
  uLongf size = out.size();
  compress(reinterpret_cast<Bytef*>(out.data()), &size,
           reinterpret_cast<const Bytef*>(plain.data()), plain.size());
  out.resize(size);
  return out;
}

Bytes zstdOf(const Bytes& plain) {
  Bytes out(ZSTD_compressBound(plain.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
  return out;
}

Bytes compressed(std::uint32_t type, std::uint64_t size, const Bytes& stored) {
  Elf64_Chdr header{};
  header.ch_type = type;
  header.ch_size = size;
  return Bytes().put(header).bytes(stored);
}

Bytes zdebug(std::uint64_t size, const Bytes& stored) {
  return Bytes().text("ZLIB").u64(__builtin_bswap64(size)).bytes(stored);
}

/// Builds a file with the section and looks for .debug_info in it.
struct Found {
  explicit Found(const std::string& name, const Bytes& bytes, std::uint64_t flags = 0)
      : file(ElfBuilder().section(name, bytes, 0, flags).build()),
        elf(*target::ElfFile::fromBytes(file, "program")),
        section(findDebugSection(*elf, "info")) {}
  Bytes file;
  std::shared_ptr<const target::ElfFile> elf;
  Result<std::optional<DebugSection>> section;
};

void expectInflates(const Found& found, const Bytes& plain) {
  ASSERT_TRUE(found.section) << found.section.error().message;
  ASSERT_TRUE(*found.section);
  ASSERT_EQ((**found.section).size, plain.size());
  Bytes out(plain.size());
  Inflater inflater(**found.section, out.data());
  EXPECT_GE(inflater.upTo(100), 100u);
  EXPECT_LT(inflater.upTo(100), plain.size());  // no more than asked, but for one step
  EXPECT_EQ(inflater.upTo(~std::uint64_t{0}), plain.size());
  EXPECT_EQ(out, plain);
}

TEST(InflaterTest, AllWaysToStoreASection) {
  const Bytes plain = content();
  expectInflates(Found(".debug_info", plain), plain);
  expectInflates(Found(".debug_info", compressed(ELFCOMPRESS_ZLIB, plain.size(), zlibOf(plain)),
                       SHF_COMPRESSED),
                 plain);
  expectInflates(Found(".debug_info", compressed(2, plain.size(), zstdOf(plain)), SHF_COMPRESSED),
                 plain);
  expectInflates(Found(".zdebug_info", zdebug(plain.size(), zlibOf(plain))), plain);
}

TEST(InflaterTest, NoSuchSection) {
  const Found found(".text", content());
  ASSERT_TRUE(found.section);
  EXPECT_FALSE(*found.section);
}

TEST(InflaterTest, BadHeaders) {
  const Bytes plain = content();
  const auto code = [](const Found& found) {
    return found.section ? std::optional<ErrorCode>() : found.section.error().code;
  };
  EXPECT_EQ(code(Found(".debug_info", Bytes(8), SHF_COMPRESSED)), ErrorCode::badFormat);
  EXPECT_EQ(code(Found(".debug_info", compressed(77, 10, plain), SHF_COMPRESSED)),
            ErrorCode::unsupported);
  EXPECT_EQ(code(Found(".zdebug_info", Bytes(40))), ErrorCode::badFormat);
  // A few bytes that claim to become terabytes.
  EXPECT_EQ(code(Found(".debug_info", compressed(1, 1ull << 40, Bytes(100)), SHF_COMPRESSED)),
            ErrorCode::badFormat);
  EXPECT_EQ(code(Found(".zdebug_info", zdebug(~0ull, Bytes(100)))), ErrorCode::badFormat);
}

TEST(InflaterTest, DamagedStreamsEndEarly) {
  const Bytes plain = content();
  for (const bool zstd : {false, true}) {
    Bytes stored = zstd ? zstdOf(plain) : zlibOf(plain);
    stored.resize(stored.size() / 2);
    const Found cut(".debug_info", compressed(zstd ? 2 : 1, plain.size(), stored), SHF_COMPRESSED);
    ASSERT_TRUE(cut.section && *cut.section);
    Bytes out(plain.size());
    Inflater half(**cut.section, out.data());
    const std::uint64_t got = half.upTo(plain.size());
    EXPECT_GT(got, 0u);
    EXPECT_LT(got, plain.size());
    EXPECT_TRUE(
        std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(got), plain.begin()));

    const Found noise(".debug_info", compressed(zstd ? 2 : 1, 500, Bytes(100)), SHF_COMPRESSED);
    ASSERT_TRUE(noise.section && *noise.section);
    EXPECT_EQ(Inflater(**noise.section, out.data()).upTo(500), 0u);
  }
}

}  // namespace
}  // namespace parked::image
