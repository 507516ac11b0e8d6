// What a compressed file holds, piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/observer.h"

namespace parked::target {

/// True when the bytes begin as gzip, xz, lz4 or zstd write.
bool isCompressed(std::span<const std::byte> bytes);

class UnpackStream {
 public:
  enum class State : std::uint8_t { more, ended, cutShort };
  struct Piece {
    std::size_t size = 0;  ///< bytes of the room that were filled; may be 0 although there are more
    State state = State::more;
    std::string damage;  ///< of cutShort: what the library says, "" if the input just ends
  };

  UnpackStream() = default;
  UnpackStream(const UnpackStream&) = delete;
  UnpackStream& operator=(const UnpackStream&) = delete;
  virtual ~UnpackStream() = default;

  virtual Piece read(std::span<std::byte> room) = 0;
  /// Bytes of the compressed input that were taken.
  virtual std::uint64_t taken() const = 0;
};

/// Null if it is not compressed (isCompressed()). Several streams behind one
/// another are one. What was unpacked before damage is given first. `observer` may be null; cut
/// short if it is cancelled.
std::unique_ptr<UnpackStream> openUnpackStream(std::span<const std::byte> compressed,
                                               Observer* observer);

}  // namespace parked::target
