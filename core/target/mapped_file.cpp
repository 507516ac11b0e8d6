#include "target/mapped_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>

#include "target/printable.h"
#include "target/unpack.h"
#include "target/unpack_streams.h"

namespace parked::target {
namespace {

using namespace std::string_view_literals;

struct Compression {
  std::string_view magic;
  std::string_view name;
  std::string_view command;
};

// Recognised only to say what to do.
constexpr std::array<Compression, 1> kCompressions{{
    {"BZh"sv, "bzip2", "bunzip2"},
}};

tl::unexpected<Error> openFailure(int error, const std::string& name) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return fail(ErrorCode::notFound, fmt::format("{} does not exist", printable(name)));
    case EACCES:
    case EPERM:
      return fail(ErrorCode::permission,
                  fmt::format("permission denied: {} cannot be read", printable(name)));
    default:
      return fail(ErrorCode::io,
                  fmt::format("cannot open {}: {}", printable(name), std::strerror(error)));
  }
}

}  // namespace

MappedFile::~MappedFile() {
  guard_.reset();
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Result<void> MappedFile::map(FileDescriptor file, std::uint64_t size, const std::string& name) {
  struct stat info{};
  if (fstat(file.get(), &info) != 0) return openFailure(errno, name);
  void* at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (at == MAP_FAILED) {
    return fail(ErrorCode::io,
                fmt::format("cannot map {}: {}", printable(name), std::strerror(errno)));
  }
  bytes_ = {static_cast<const std::byte*>(at), static_cast<std::size_t>(size)};
  file_ = std::move(file);
  modified_ = info.st_mtim;
  guard_ = std::make_unique<MappingGuard>(bytes_);
  return {};
}

std::string MappedFile::changed() const {
  struct stat now{};
  const bool known = fstat(file_.get(), &now) == 0;
  const auto size = static_cast<std::uint64_t>(now.st_size);
  if (known && size < bytes_.size()) return "became shorter while it was read";
  if (guard_->faulted()) return "could not be read to its end";
  if (known && (size != bytes_.size() || now.st_mtim.tv_sec != modified_.tv_sec ||
                now.st_mtim.tv_nsec != modified_.tv_nsec)) {
    return "was written to while it was read";
  }
  return {};
}

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path,
                                                           const std::string& name,
                                                           Observer* observer) {
  // O_NONBLOCK: a path out of a core may be a FIFO.
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return openFailure(errno, name);
  struct stat info{};
  if (fstat(file.get(), &info) != 0) return openFailure(errno, name);
  if (S_ISDIR(info.st_mode)) {
    return fail(ErrorCode::badFormat, fmt::format("{} is a directory", printable(name)));
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::badFormat, fmt::format("{} is not a regular file", printable(name)));
  }
  if (info.st_size == 0) {
    return fail(ErrorCode::badFormat, fmt::format("{} is empty", printable(name)));
  }

  std::shared_ptr<MappedFile> mapped(new MappedFile);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (auto done = mapped->map(std::move(file), size, name); !done) {
    return tl::unexpected(done.error());
  }
  const std::string_view text(reinterpret_cast<const char*>(mapped->bytes_.data()),
                              mapped->bytes_.size());
  for (const Compression& compression : kCompressions) {
    if (text.substr(0, compression.magic.size()) == compression.magic) {
      return fail(ErrorCode::unsupported,
                  fmt::format("{} is compressed with {}; unpack it first ({})", printable(name),
                              compression.name, compression.command));
    }
  }
  if (!isCompressed(mapped->bytes_)) return mapped;

  auto unpacked = unpack(mapped->bytes_, name, observer);
  if (!unpacked) return tl::unexpected(unpacked.error());
  std::shared_ptr<MappedFile> plain(new MappedFile);
  if (auto done = plain->map(std::move(unpacked->file), unpacked->size, name); !done) {
    return tl::unexpected(done.error());
  }
  plain->cutShort_ = unpacked->cutShort || !mapped->changed().empty();
  return plain;
}

}  // namespace parked::target
