#include "target/sparse_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "target/address_space.h"

namespace parked::target {

namespace {

bool isRegular(int file) {
  struct stat status{};
  return fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

bool isZeroPage(std::span<const std::byte> bytes) {
  const std::size_t size = std::min<std::size_t>(kPage, bytes.size());
  return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, size - 1) == 0;
}

}  // namespace

SparseFile::SparseFile(int file, std::uint64_t most)
    : file_(file), seekable_(isRegular(file)), left_(most) {}

bool SparseFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const bool zero = isZeroPage(bytes);
    std::size_t run = std::min<std::size_t>(kPage, bytes.size());
    while (run < bytes.size() && isZeroPage(bytes.subspan(run)) == zero) {
      run += std::min<std::size_t>(kPage, bytes.size() - run);
    }
    if ((!zero || !seekable_) && !write(bytes.first(run))) return false;
    size_ += run;
    bytes = bytes.subspan(run);
  }
  return true;
}

bool SparseFile::finish() { return !seekable_ || ftruncate(file_, static_cast<off_t>(size_)) == 0; }

bool SparseFile::write(std::span<const std::byte> bytes) {
  if (bytes.size() > left_) {
    errno = ENOSPC;
    return false;
  }
  left_ -= bytes.size();
  std::uint64_t at = size_;
  while (!bytes.empty()) {
    const ssize_t n = seekable_ ? pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at))
                                : ::write(file_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
  return true;
}

Result<void> FileSink::append(std::span<const std::byte> bytes) {
  return file_.append(bytes) ? Result<void>() : failure();
}

Result<void> FileSink::finish() { return file_.finish() ? Result<void>() : failure(); }

Result<void> FileSink::failure() const {
  return fail(ErrorCode::io, fmt::format("{} cannot be written: {}", name_, std::strerror(errno)));
}

}  // namespace parked::target
