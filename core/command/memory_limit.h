// How much memory parked itself may take (--memory-limit).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "parked/parked.h"

namespace parked::command {

/// "200M", "1G", "500000" (bytes), units of 1024; nullopt if it is no size.
std::optional<std::uint64_t> parseSize(std::string_view text);

/// Ends work that takes more than so many bytes, by the host's `cancelled`: whoever works asks that
/// often. What is in files (a core, pages of the program itself) does not count.
class MemoryLimit {
 public:
  /// `bytes` 0: no limit. `host` must outlive the object.
  MemoryLimit(const Host& host, std::uint64_t bytes);
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

  const Host& host() const { return limited_; }
  bool passed() const { return bytes_ != 0 && most_ > bytes_; }
  /// What this program has in memory and in no file, in bytes.
  static std::uint64_t takenNow();
  /// Why the work ended, if the limit is the reason.
  Error explained(Error error) const;

 private:
  bool exceeded();

  std::uint64_t bytes_;
  Host limited_;
  std::chrono::steady_clock::time_point next_;
  std::uint64_t most_ = 0;  ///< that was seen above the limit
};

}  // namespace parked::command
