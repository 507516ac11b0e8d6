// A core on its way in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "parked/parked.h"
#include "target/file_descriptor.h"

namespace parked::command {

/// Reads a pipe, for no longer than the host likes.
class Incoming {
 public:
  /// Takes the descriptor. `host` must outlive the object.
  Incoming(int file, const Host& host) : file_(file), host_(host) {}

  /// As much of `out` as there is before the end; less only there. Errors: io, interrupted.
  Result<std::size_t> read(std::span<std::byte> out);
  /// Reads until `bytes` has so many, or to the end.
  Result<void> readUpTo(std::uint64_t size, std::vector<std::byte>& bytes);
  /// No more is wanted: whoever writes is told so.
  void close() { file_ = target::FileDescriptor(); }

 private:
  target::FileDescriptor file_;
  const Host& host_;
};

}  // namespace parked::command
