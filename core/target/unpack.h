// Unpacks a compressed core, as systemd-coredump writes them, into a temporary file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "base/observer.h"
#include "target/file_descriptor.h"

namespace parked::target {

struct Unpacked {
  FileDescriptor file;     ///< unlinked already; gone when closed
  std::uint64_t size = 0;  ///< bytes of the unpacked stream
  bool cutShort = false;   ///< the stream ended early or was damaged after `size` bytes
};

/// More than any core has, zeros and all.
inline constexpr std::uint64_t kMostUnpacked = 1ULL << 40;

/// Unpacks all streams of `compressed`. Pages of zeros take no space, and some KB may be terabytes
/// of them: it ends at `most` bytes, and where a core has far more than its headers speak of. The
/// file lies in $TMPDIR, else in whichever of /var/tmp and /tmp has more room. `name` is what
/// messages call the input. Errors: badFormat (nothing could be unpacked, or too much), io (no
/// room), interrupted.
Result<Unpacked> unpack(std::span<const std::byte> compressed, const std::string& name,
                        Observer* observer, std::uint64_t most = kMostUnpacked);

}  // namespace parked::target
