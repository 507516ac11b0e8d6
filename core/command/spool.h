// A core that comes in, on disk until it was read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "command/incoming.h"
#include "target/file_descriptor.h"

namespace parked::command {

/// A file without a name, with holes where memory is zeros: gone with the object, whoever is
/// killed.
class Spool {
 public:
  /// Errors: io.
  static Result<Spool> make(const std::string& folder);

  /// `head`, then what comes in, up to `most` bytes that are no zeros. Where there is no more room
  /// the rest is not read, and cut() says why. Errors: io (of what comes in), interrupted.
  Result<void> fill(std::span<const std::byte> head, Incoming& in, std::uint64_t most);
  const std::optional<std::string>& cut() const { return cut_; }
  std::uint64_t size() const { return size_; }

  /// When it is said to be made, in seconds since 1970: what is read of it tells the time by that.
  void setTime(std::int64_t seconds) const;
  int descriptor() const { return file_.get(); }
  std::string path() const;

 private:
  explicit Spool(target::FileDescriptor file) : file_(std::move(file)) {}

  target::FileDescriptor file_;
  std::uint64_t size_ = 0;
  std::optional<std::string> cut_;
};

}  // namespace parked::command
