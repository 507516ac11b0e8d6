// How machine code gets from a frame to an object: through which words.
#pragma once

#include <array>
#include <cstdint>

#include "base/error.h"

namespace parked::leak {

/// A start, and words that lead on: the address of the first word is the start plus its offset,
/// that of the next one what the word before holds plus its offset; the last offset is added to the
/// end.
struct WordPath {
  enum class Start : std::uint8_t {
    unknown,
    frame,    ///< the stack pointer
    address,  ///< none: the first offset is an address
    closure,  ///< what the closure has captured begins one word behind
  };
  static constexpr std::size_t kLongest = 3;

  Start start = Start::unknown;
  std::uint8_t words = 0;
  std::array<std::int64_t, kLongest + 1> offsets{};

  static WordPath at(Start start, std::int64_t offset) { return {start, 0, {offset}}; }
  bool known() const { return start != Start::unknown; }
  /// It is a number, and no word is read for it.
  bool isNumber() const { return start == Start::address && words == 0; }
  /// It is the address of a word of the frame.
  bool isFrameAddress() const { return start == Start::frame && words == 0; }

  WordPath plus(std::int64_t offset) const {
    WordPath path = *this;
    path.offsets[words] = static_cast<std::int64_t>(static_cast<std::uint64_t>(offsets[words]) +
                                                    static_cast<std::uint64_t>(offset));
    return path;
  }
  /// What the word holds that this is the address of.
  WordPath load() const {
    if (!known() || words == kLongest) return {};
    WordPath path = *this;
    ++path.words;
    path.offsets[path.words] = 0;
    return path;
  }

  bool operator==(const WordPath&) const = default;
};

}  // namespace parked::leak
