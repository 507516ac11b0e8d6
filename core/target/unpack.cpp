#include "target/unpack.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <sys/statvfs.h>
#include <vector>

#include "target/printable.h"
#include "target/sparse_file.h"
#include "target/unpack_streams.h"

namespace parked::target {
namespace {

constexpr std::uint64_t kProgressStep = 64 << 20;
constexpr std::uint64_t kReserve = 64 << 20;  // left free for everybody else on that file system

std::uint64_t freeSpace(int fd) {
  struct statvfs info{};
  if (fstatvfs(fd, &info) != 0) return 0;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

FileDescriptor openUnlinked(const std::string& directory) {
  FileDescriptor file(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  // Not every file system has O_TMPFILE (overlayfs before Linux 6.1, NFS).
  std::string pattern = directory + "/parked-XXXXXX";
  FileDescriptor named(mkostemp(pattern.data(), O_CLOEXEC));
  if (named) unlink(pattern.c_str());
  return named;
}

struct TemporaryFile {
  FileDescriptor file;
  std::string directory;
};

TemporaryFile makeTemporaryFile() {
  if (const char* set = std::getenv("TMPDIR"); set != nullptr && *set != '\0') {
    return {openUnlinked(set), set};
  }
  TemporaryFile best;
  for (const char* directory : {"/var/tmp", "/tmp"}) {
    FileDescriptor file = openUnlinked(directory);
    if (!file) continue;
    if (!best.file || freeSpace(file.get()) > freeSpace(best.file.get())) {
      best = {std::move(file), directory};
    }
  }
  return best;
}

/// Bytes of a file that begins with `start` by what its headers speak of, with some to spare; no
/// bound if it is no core, or has program headers that are not in `start`.
std::uint64_t mostByHeaders(std::span<const std::byte> start) {
  constexpr std::uint64_t kSpare = 16 << 20;
  constexpr std::uint64_t kNoBound = ~std::uint64_t{0};
  Elf64_Ehdr header{};
  if (start.size() < sizeof header) return kNoBound;
  std::memcpy(&header, start.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_type != ET_CORE || header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
      header.e_phnum == PN_XNUM || header.e_phoff > start.size() ||
      header.e_phnum > (start.size() - header.e_phoff) / sizeof(Elf64_Phdr)) {
    return kNoBound;
  }
  std::uint64_t end = header.e_phoff + std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  const auto reach = [&end](std::uint64_t offset, std::uint64_t size) {
    end = std::max(end, offset + std::min(size, ~offset));
  };
  reach(header.e_shoff, std::uint64_t{header.e_shnum} * header.e_shentsize);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    std::memcpy(&segment, start.data() + header.e_phoff + i * sizeof segment, sizeof segment);
    reach(segment.p_offset, segment.p_filesz);
  }
  return end + std::min(kSpare, ~end);
}

/// Writes a stream into a temporary file, and leaves room for others beside it.
class TemporaryWriter {
 public:
  explicit TemporaryWriter(TemporaryFile file)
      : file_(std::move(file)), out_(file_.file.get(), room(file_.file.get())) {}

  /// Appends `bytes`, a whole number of pages but at the end of the stream.
  Result<void> append(std::span<const std::byte> bytes) {
    return out_.append(bytes) ? Result<void>() : failure(errno);
  }
  Result<void> finish() { return out_.finish() ? Result<void>() : failure(errno); }

  std::uint64_t size() const { return out_.size(); }
  FileDescriptor take() { return std::move(file_.file); }

 private:
  static std::uint64_t room(int file) {
    const std::uint64_t free = freeSpace(file);
    return free - std::min(free, kReserve);
  }

  Result<void> failure(int error) const {
    if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
      return fail(ErrorCode::io,
                  fmt::format("not enough free space in {} (stopped after {} MiB); set TMPDIR to a "
                              "directory with more room",
                              printable(file_.directory), out_.size() >> 20));
    }
    return fail(ErrorCode::io, fmt::format("cannot write to {}: {}", printable(file_.directory),
                                           std::strerror(error)));
  }

  TemporaryFile file_;
  SparseFile out_;
};

}  // namespace

Result<Unpacked> unpack(std::span<const std::byte> compressed, const std::string& name,
                        Observer* observer, std::uint64_t most) {
  const auto failure = [&name](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("cannot unpack {}: {}", printable(name), why));
  };
  const std::unique_ptr<UnpackStream> stream = openUnpackStream(compressed, observer);
  if (stream == nullptr) return failure(ErrorCode::badFormat, "it is not compressed");
  TemporaryFile file = makeTemporaryFile();
  if (!file.file) return failure(ErrorCode::io, "no temporary file can be made; set TMPDIR");
  std::vector<std::byte> buffer(1 << 20);
  TemporaryWriter writer(std::move(file));
  std::size_t filled = 0;  // of buffer; a multiple of the page size is written at a time
  UnpackStream::Piece piece;
  while (piece.state == UnpackStream::State::more) {
    if (observer != nullptr && filled == 0) {
      if (observer->cancelled()) return fail(ErrorCode::interrupted, "interrupted");
      if (writer.size() % kProgressStep == 0) {
        observer->progress("unpacking", stream->taken(), compressed.size());
      }
    }
    piece = stream->read(std::span(buffer).subspan(filled));
    filled += piece.size;
    if (filled < buffer.size()) continue;
    if (writer.size() == 0) most = std::min(most, mostByHeaders(buffer));
    if (writer.size() + filled > most) {
      return failure(ErrorCode::badFormat,
                     fmt::format("it unpacks to more than {} MiB, which is more than its headers "
                                 "speak of, or than any core has",
                                 most >> 20));
    }
    if (auto done = writer.append(buffer); !done) {
      return failure(done.error().code, done.error().message);
    }
    filled = 0;
  }
  if (observer != nullptr && observer->cancelled())
    return fail(ErrorCode::interrupted, "interrupted");
  auto done = writer.append(std::span<const std::byte>(buffer).first(filled));
  if (done) done = writer.finish();
  if (!done) return failure(done.error().code, done.error().message);
  if (writer.size() == 0) {
    return failure(ErrorCode::badFormat, piece.damage.empty()
                                             ? "the compressed data is empty or cut short"
                                             : piece.damage);
  }
  const std::uint64_t size = writer.size();
  return Unpacked{writer.take(), size, piece.state == UnpackStream::State::cutShort};
}

}  // namespace parked::target
