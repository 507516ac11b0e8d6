#include "target/unpack_streams.h"

#include <algorithm>
#include <archive.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <zstd.h>

namespace parked::target {

namespace {

using namespace std::string_view_literals;

/// How much of the input is offered at once, so that Ctrl-C and progress get their turn.
constexpr std::size_t kStep = 1 << 20;

struct Filter {
  std::string_view magic;
  int code;
};

// What systemd-coredump wrote before it wrote zstd, and what people pack cores with.
constexpr std::array<Filter, 3> kFilters{{
    {"\x1f\x8b"sv, ARCHIVE_FILTER_GZIP},
    {"\xfd"
     "7zXZ\0"sv,
     ARCHIVE_FILTER_XZ},
    {"\x04\x22\x4d\x18"sv, ARCHIVE_FILTER_LZ4},
}};

/// gzip, xz and lz4, by libarchive: the one filter that the first bytes name, as libarchive by
/// itself would go on and unpack what is packed several times.
class ArchiveStream : public UnpackStream {
 public:
  ArchiveStream(std::span<const std::byte> compressed, int filter, Observer* observer)
      : input_(compressed), observer_(observer), archive_(archive_read_new()) {
    archive* a = archive_.get();
    ready_ = archive_read_append_filter(a, filter) == ARCHIVE_OK &&
             archive_read_support_format_raw(a) == ARCHIVE_OK &&
             archive_read_open(a, this, nullptr, &ArchiveStream::give, nullptr) == ARCHIVE_OK;
    archive_entry* entry = nullptr;
    ready_ = ready_ && archive_read_next_header(a, &entry) == ARCHIVE_OK;
  }

  Piece read(std::span<std::byte> room) override {
    if (pending_.empty()) {
      const void* block = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int status =
          ready_ ? archive_read_data_block(archive_.get(), &block, &size, &offset) : ARCHIVE_FATAL;
      if (status == ARCHIVE_EOF) return {0, State::ended, ""};
      if (status != ARCHIVE_OK) {
        return {0, State::cutShort, damage()};
      }
      pending_ = {static_cast<const std::byte*>(block), size};
    }
    const std::size_t size = std::min(room.size(), pending_.size());
    std::memcpy(room.data(), pending_.data(), size);
    pending_ = pending_.subspan(size);
    return {size, State::more, ""};
  }

  std::uint64_t taken() const override { return at_; }

 private:
  std::string damage() const {
    // Format "raw", the only one that is asked for, takes whatever has a byte: there was none.
    if (archive_errno(archive_.get()) == EILSEQ) return "";  // "unrecognized format"
    const char* why = archive_error_string(archive_.get());
    return why != nullptr ? why : "";
  }

  static la_ssize_t give(archive* a, void* self, const void** block) {
    auto& stream = *static_cast<ArchiveStream*>(self);
    if (stream.observer_ != nullptr && stream.observer_->cancelled()) {
      archive_set_error(a, EINTR, "interrupted");
      return -1;
    }
    const std::size_t size = std::min(kStep, stream.input_.size() - stream.at_);
    *block = stream.input_.data() + stream.at_;
    stream.at_ += size;
    return static_cast<la_ssize_t>(size);
  }

  struct Deleter {
    void operator()(archive* a) const { archive_read_free(a); }
  };

  std::span<const std::byte> input_, pending_;
  Observer* observer_;
  std::size_t at_ = 0;
  std::unique_ptr<archive, Deleter> archive_;
  bool ready_ = false;
};

/// zstd, which has a library of its own here: compressed debug sections need it anyway, and of
/// damaged input it gives every byte before the damage.
class ZstdStream : public UnpackStream {
 public:
  explicit ZstdStream(std::span<const std::byte> compressed)
      : total_(compressed.size()), in_{compressed.data(), 0, 0}, stream_(ZSTD_createDStream()) {}

  Piece read(std::span<std::byte> room) override {
    in_.size = std::min(total_, in_.pos + kStep);
    const std::size_t before = in_.pos;
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    const std::size_t status = ZSTD_decompressStream(stream_.get(), &out, &in_);
    if (ZSTD_isError(status) != 0) return {out.pos, State::cutShort, ZSTD_getErrorName(status)};
    const bool progressed = in_.pos != before || out.pos != 0;
    const bool frameOpen = status != 0;
    if (in_.pos < total_ || (frameOpen && progressed)) return {out.pos, State::more, ""};
    return {out.pos, frameOpen ? State::cutShort : State::ended, ""};
  }

  std::uint64_t taken() const override { return in_.pos; }

 private:
  struct Deleter {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };

  std::size_t total_;
  ZSTD_inBuffer in_;
  std::unique_ptr<ZSTD_DStream, Deleter> stream_;
};

bool isZstd(std::span<const std::byte> bytes) {
  std::uint32_t magic = 0;
  if (bytes.size() >= sizeof magic) std::memcpy(&magic, bytes.data(), sizeof magic);
  return magic == ZSTD_MAGICNUMBER || (magic & 0xfffffff0U) == ZSTD_MAGIC_SKIPPABLE_START;
}

/// libarchive's filter for what begins so, ARCHIVE_FILTER_NONE if there is none.
int filterOf(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Filter& filter : kFilters) {
    if (text.starts_with(filter.magic)) return filter.code;
  }
  return ARCHIVE_FILTER_NONE;
}

}  // namespace

bool isCompressed(std::span<const std::byte> bytes) {
  return isZstd(bytes) || filterOf(bytes) != ARCHIVE_FILTER_NONE;
}

std::unique_ptr<UnpackStream> openUnpackStream(std::span<const std::byte> compressed,
                                               Observer* observer) {
  if (isZstd(compressed)) return std::make_unique<ZstdStream>(compressed);
  const int filter = filterOf(compressed);
  if (filter == ARCHIVE_FILTER_NONE) return nullptr;
  return std::make_unique<ArchiveStream>(compressed, filter, observer);
}

}  // namespace parked::target
