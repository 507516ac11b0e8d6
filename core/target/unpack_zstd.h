// Unpacks a zstd-compressed core, as systemd-coredump writes them, into a temporary file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "base/observer.h"
#include "target/file_descriptor.h"

namespace parked::target {

/// True when `bytes` begin with a zstd frame or a skippable one.
bool isZstd(std::span<const std::byte> bytes);

struct Unpacked {
  FileDescriptor file;     ///< unlinked already; gone when closed
  std::uint64_t size = 0;  ///< bytes of the unpacked stream
  bool cutShort = false;   ///< the stream ended early or was damaged after `size` bytes
};

/// Unpacks all frames of `compressed`. Pages of zeros take no space. The file lies in $TMPDIR, else
/// in whichever of /var/tmp and /tmp has more room. `name` is what messages call the input.
/// Errors: badFormat (nothing could be unpacked), io (no room), interrupted.
Result<Unpacked> unpackZstd(std::span<const std::byte> compressed, const std::string& name,
                            Observer* observer);

}  // namespace parked::target
