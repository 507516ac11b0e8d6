// Arguments that a function got in registers, from where its code has put them: not always where
// the traceback would look (cmd/compile, ABIInternal; syscall.Syscall of Go 1.19 to 1.21).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "golang/unwind.h"

namespace parked::golang {

class SpilledArguments {
 public:
  explicit SpilledArguments(image::Image& image) : image_(image) {}

  /// The word argument `number` of a frame that stands behind a call; nothing if the code up to
  /// there does not store it on the stack, branches, or is of an architecture that is not decoded.
  std::optional<std::uint64_t> word(const Frame& frame, std::size_t number);

 private:
  /// Where the arguments are, from the stack pointer; nothing for those that were not stored.
  using Slots = std::vector<std::optional<std::int64_t>>;

  Slots find(const Frame& frame) const;

  image::Image& image_;
  std::unordered_map<Addr, Slots> known_;  ///< by the frame's pc
};

}  // namespace parked::golang
