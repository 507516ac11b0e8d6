// Which goroutines stand in a function, and what its receiver is.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "golang/snapshot.h"
#include "golang/unwind.h"

namespace parked::resources {

using golang::Index;
using golang::kNone;

class StackIndex {
 public:
  explicit StackIndex(const golang::Snapshot& snapshot);

  struct Hit {
    Index goroutine = kNone;
    std::uint32_t frame = 0;  ///< physical, counted from the innermost
  };
  /// Goroutines with a physical frame of that function, the innermost one of each.
  std::vector<Hit> in(std::string_view function) const;
  /// The innermost physical frame of that function on the goroutine's stack.
  std::optional<Hit> find(Index goroutine, std::string_view function) const;
  /// Name of the innermost physical function that is not the runtime's; "" if there is none.
  std::string_view innermost(Index goroutine) const;

  /// The `number`th word of a frame's arguments, 0 if it is not readable. The receiver is the
  /// first. Whether it is still valid where the frame stands is for the caller to check.
  Addr argument(const Hit& hit, std::uint32_t number = 0);

 private:
  const golang::Snapshot& snapshot_;
  golang::Unwinder unwinder_;
  // By function: stacks that have it, and at which frame.
  std::unordered_map<image::FuncIndex, std::vector<std::pair<Index, std::uint32_t>>> stacks_;
  std::vector<std::vector<Index>> goroutines_;  // by stack
  Index unwound_ = kNone;
  std::vector<golang::Frame> frames_;  // of unwound_
};

}  // namespace parked::resources
