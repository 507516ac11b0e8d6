#include "target/mapped_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>
#include <zstd.h>

namespace parked::target {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<std::span<const std::byte>> map(int fd, std::uint64_t size, const std::string& path) {
  if (size == 0) return std::span<const std::byte>();
  void* at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) {
    return fail(ErrorCode::io, fmt::format("cannot map {}: {}", path, std::strerror(errno)));
  }
  return std::span<const std::byte>(static_cast<const std::byte*>(at), size);
}

bool isZero(const char* data, std::size_t size) {
  return size == 0 || (data[0] == 0 && std::memcmp(data, data + 1, size - 1) == 0);
}

// Writes at `offset`, leaving holes where whole pages are zero: cores are mostly zeros.
bool writeSparse(int fd, const char* data, std::size_t size, std::uint64_t offset) {
  constexpr std::size_t kPage = 4096;
  while (size > 0) {
    const std::size_t part = std::min(size, kPage - static_cast<std::size_t>(offset % kPage));
    if (!isZero(data, part) &&
        pwrite(fd, data, part, static_cast<off_t>(offset)) != static_cast<ssize_t>(part)) {
      return false;
    }
    data += part;
    offset += part;
    size -= part;
  }
  return true;
}

// Unpacks a zstd file (any number of frames) into an unlinked temporary file; returns its size.
// A stream that ends early yields what was unpacked: a truncated core is still worth reading.
Result<std::uint64_t> unpack(std::span<const std::byte> packed, int out, const std::string& path) {
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                             ZSTD_freeDStream);
  std::vector<char> buffer(ZSTD_DStreamOutSize());
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::uint64_t written = 0;
  for (;;) {
    ZSTD_outBuffer chunk{buffer.data(), buffer.size(), 0};
    const std::size_t result = ZSTD_decompressStream(stream.get(), &chunk, &in);
    if (ZSTD_isError(result) != 0U) {
      if (written == 0) {
        return fail(ErrorCode::badFormat, fmt::format("{} is not a readable zstd file: {}", path,
                                                      ZSTD_getErrorName(result)));
      }
      break;
    }
    if (!writeSparse(out, buffer.data(), chunk.pos, written)) {
      return fail(ErrorCode::io, fmt::format("cannot unpack {} into a temporary file: {}", path,
                                             std::strerror(errno)));
    }
    written += chunk.pos;
    if (in.pos == in.size && chunk.pos < chunk.size) break;
  }
  if (ftruncate(out, static_cast<off_t>(written)) != 0) {
    return fail(ErrorCode::io, fmt::format("cannot unpack {}: {}", path, std::strerror(errno)));
  }
  return written;
}

int temporaryFile() {
  const char* folder = std::getenv("TMPDIR");
  std::string name =
      fmt::format("{}/parked-XXXXXX", folder != nullptr && *folder != 0 ? folder : "/var/tmp");
  const int fd = mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) unlink(name.c_str());
  return fd;
}

}  // namespace

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) {
    const ErrorCode code = errno == ENOENT   ? ErrorCode::notFound
                           : errno == EACCES ? ErrorCode::permission
                                             : ErrorCode::io;
    return fail(code, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  }
  struct stat st{};
  if (fstat(fd.get(), &st) != 0) {
    return fail(ErrorCode::io, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  if (!S_ISREG(st.st_mode)) {
    return fail(ErrorCode::badFormat, fmt::format("{} is {}, not a file", path,
                                                  S_ISDIR(st.st_mode) ? "a directory" : "special"));
  }
  auto mapped = map(fd.get(), static_cast<std::uint64_t>(st.st_size), path);
  if (!mapped) return tl::unexpected(mapped.error());
  MappedFile file;
  file.bytes_ = *mapped;
  constexpr unsigned char kZstdMagic[4] = {0x28, 0xb5, 0x2f, 0xfd};
  if (file.bytes_.size() < 4 || std::memcmp(file.bytes_.data(), kZstdMagic, 4) != 0) return file;

  const Descriptor out(temporaryFile());
  if (out.get() < 0) {
    return fail(ErrorCode::io, fmt::format("cannot make a temporary file to unpack {}: {}", path,
                                           std::strerror(errno)));
  }
  auto size = unpack(file.bytes_, out.get(), path);
  if (!size) return tl::unexpected(size.error());
  auto unpacked = map(out.get(), *size, path);
  if (!unpacked) return tl::unexpected(unpacked.error());
  MappedFile plain;
  plain.bytes_ = *unpacked;
  return plain;
}

}  // namespace parked::target
