// A file's bytes, mapped read-only; compressed cores are unpacked first.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"
#include "base/observer.h"

namespace parked::target {

class MappedFile {
 public:
  /// Maps a regular file. A zstd-compressed one is unpacked into an unlinked temporary file. `name`
  /// is what messages call the file. Errors: notFound, permission, badFormat (a directory, empty),
  /// unsupported (compressed otherwise), io (no space to unpack), interrupted.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path,
                                                        const std::string& name,
                                                        Observer* observer);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  /// The compressed stream ended too early or was damaged: bytes() is what came before.
  bool cutShort() const { return cutShort_; }

 private:
  MappedFile() = default;
  Result<void> map(int fd, std::uint64_t size, const std::string& name);

  std::span<const std::byte> bytes_;
  bool cutShort_ = false;
};

}  // namespace parked::target
