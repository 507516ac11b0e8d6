// Where bytes go to, one after the other.
#pragma once

#include <cstddef>
#include <span>

#include "base/error.h"

namespace parked::target {

class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual ~ByteSink() = default;

  virtual Result<void> append(std::span<const std::byte> bytes) = 0;
  /// No more follows.
  virtual Result<void> finish() = 0;
};

}  // namespace parked::target
