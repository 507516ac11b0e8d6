// A file that is written from its start to its end, with holes where it is zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "target/byte_sink.h"

namespace parked::target {

/// What cannot seek (a pipe) has its zeros written.
class SparseFile {
 public:
  /// `file` must outlive the object, and be empty. More than `most` bytes that are no holes are
  /// refused with ENOSPC.
  explicit SparseFile(int file, std::uint64_t most = ~std::uint64_t{0});

  /// False: errno says why. Holes are found where it is called with whole pages.
  bool append(std::span<const std::byte> bytes);
  /// Gives the file its full size: it may end in a hole.
  bool finish();

  std::uint64_t size() const { return size_; }  ///< with the holes

 private:
  bool write(std::span<const std::byte> bytes);

  int file_;
  bool seekable_;
  std::uint64_t left_;
  std::uint64_t size_ = 0;
};

/// A core that becomes a file, with holes.
class FileSink final : public ByteSink {
 public:
  /// `name` is what messages call the file, which must outlive the object.
  /// More than `most` bytes that are no holes are refused, as if the disk were full.
  FileSink(int file, std::string name, std::uint64_t most = ~std::uint64_t{0})
      : file_(file, most), name_(std::move(name)) {}
  /// Errors: io.
  Result<void> append(std::span<const std::byte> bytes) override;
  Result<void> finish() override;

 private:
  Result<void> failure() const;

  SparseFile file_;
  std::string name_;
};

}  // namespace parked::target
