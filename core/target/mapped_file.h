// A file's bytes, mapped read-only; compressed cores are unpacked first.
#pragma once

#include <cstddef>
#include <ctime>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"
#include "base/observer.h"
#include "target/file_descriptor.h"
#include "target/mapping_guard.h"

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
  /// What happened to the file since, so that the bytes need not be what it had: "became shorter
  /// while it was read"; "" if nothing did. Bytes that are gone are zeros.
  std::string changed() const;

 private:
  MappedFile() = default;
  Result<void> map(FileDescriptor file, std::uint64_t size, const std::string& name);

  FileDescriptor file_;
  timespec modified_{};
  std::unique_ptr<MappingGuard> guard_;
  std::span<const std::byte> bytes_;
  bool cutShort_ = false;
};

}  // namespace parked::target
