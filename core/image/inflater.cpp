#include "image/inflater.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>
#include <limits>
#include <zlib.h>
#include <zstd.h>

#include "image/byte_reader.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

namespace parked::image {

namespace {

// Debug information shrinks to a third or a fifth; more than this is damage or an attack.
constexpr std::uint64_t kMaxRatio = 100;
constexpr std::uint64_t kMaxSize = std::uint64_t{2} << 30;
// Large enough that the calls do not count, small enough that little too much is unpacked.
constexpr std::uint64_t kStep = 256 << 10;

Result<std::optional<DebugSection>> checked(DebugSection section, std::string_view name) {
  const std::uint64_t limit =
      section.compression == Compression::none
          ? section.stored.size()
          : section.stored.size() * kMaxRatio + 4096;  // stored bytes are mapped: cannot overflow
  if (section.size > std::min(limit, kMaxSize)) {
    return fail(ErrorCode::badFormat,
                fmt::format("section {} claims {} bytes", name, section.size));
  }
  return section;
}

/// SHF_COMPRESSED: an Elf64_Chdr in front.
Result<std::optional<DebugSection>> fromCompressed(const target::ElfSection& section) {
  Elf64_Chdr header;
  if (!readAt(section.bytes, 0, header)) {
    return fail(ErrorCode::badFormat, fmt::format("section {} is damaged", section.name));
  }
  DebugSection out{section.bytes.subspan(sizeof(header)), header.ch_size, Compression::zlib};
  if (header.ch_type == ELFCOMPRESS_ZSTD) {
    out.compression = Compression::zstd;
  } else if (header.ch_type != ELFCOMPRESS_ZLIB) {
    return fail(ErrorCode::unsupported,
                fmt::format("section {} is compressed in an unknown way", section.name));
  }
  return checked(out, section.name);
}

/// .zdebug_*: "ZLIB" and the size, big-endian.
Result<std::optional<DebugSection>> fromZdebug(const target::ElfSection& section) {
  std::uint64_t size = 0;
  if (section.bytes.size() < 12 || std::memcmp(section.bytes.data(), "ZLIB", 4) != 0 ||
      !readAt(section.bytes, 4, size)) {
    return fail(ErrorCode::badFormat, fmt::format("section {} is damaged", section.name));
  }
  return checked({section.bytes.subspan(12), __builtin_bswap64(size), Compression::zlib},
                 section.name);
}

}  // namespace

Result<std::optional<DebugSection>> findDebugSection(const target::ElfFile& file,
                                                     std::string_view name) {
  if (const auto* section = file.section(fmt::format(".debug_{}", name))) {
    if ((section->flags & SHF_COMPRESSED) != 0) return fromCompressed(*section);
    return checked({section->bytes, section->bytes.size(), Compression::none}, section->name);
  }
  if (const auto* section = file.section(fmt::format(".zdebug_{}", name))) {
    return fromZdebug(*section);
  }
  return std::optional<DebugSection>();
}

struct Inflater::Stream {
  z_stream zlib{};
  bool zlibOpen = false;
  ZSTD_DCtx* zstd = nullptr;
  ZSTD_inBuffer zstdIn{};

  ~Stream() {
    if (zlibOpen) inflateEnd(&zlib);
    ZSTD_freeDCtx(zstd);
  }
};

Inflater::Inflater(const DebugSection& section, std::byte* out)
    : section_(section), out_(out), stream_(std::make_unique<Stream>()) {
  // zlib counts its input in 32 bits; a section is at most 2 GiB unpacked, so less is stored.
  const std::size_t stored =
      std::min<std::size_t>(section.stored.size(), std::numeric_limits<uInt>::max());
  if (section.compression == Compression::zlib) {
    stream_->zlib.next_in =
        const_cast<Bytef*>(reinterpret_cast<const Bytef*>(section.stored.data()));
    stream_->zlib.avail_in = static_cast<uInt>(stored);
    stream_->zlibOpen = inflateInit(&stream_->zlib) == Z_OK;
    ended_ = !stream_->zlibOpen;
  } else if (section.compression == Compression::zstd) {
    stream_->zstdIn = {section.stored.data(), stored, 0};
    stream_->zstd = ZSTD_createDCtx();
    ended_ = stream_->zstd == nullptr;
  }
}

Inflater::~Inflater() = default;

std::uint64_t Inflater::upTo(std::uint64_t size) {
  size = std::min(size, section_.size);
  while (done_ < size && !ended_) {
    const std::uint64_t target = std::min(section_.size, std::max(size, done_ + kStep));
    const auto want = static_cast<std::size_t>(target - done_);
    std::size_t got = 0;
    switch (section_.compression) {
      case Compression::none:
        std::memcpy(out_ + done_, section_.stored.data() + done_, want);
        got = want;
        break;
      case Compression::zlib: {
        z_stream& zlib = stream_->zlib;
        zlib.next_out = reinterpret_cast<Bytef*>(out_ + done_);
        zlib.avail_out = static_cast<uInt>(want);
        ended_ = inflate(&zlib, Z_NO_FLUSH) != Z_OK;
        got = want - zlib.avail_out;
        break;
      }
      case Compression::zstd: {
        ZSTD_outBuffer to{out_ + done_, want, 0};
        const std::size_t hint = ZSTD_decompressStream(stream_->zstd, &to, &stream_->zstdIn);
        got = to.pos;
        // A new frame may follow a finished one, so only an error or the lack of progress ends it.
        ended_ = ZSTD_isError(hint) != 0 || got == 0;
        break;
      }
    }
    done_ += got;
    if (got == 0) ended_ = true;
  }
  return done_;
}

}  // namespace parked::image
