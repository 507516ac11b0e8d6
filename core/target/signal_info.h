// Which signal came, from whom, and where it struck: siginfo_t as the kernel writes it.
// Mirrors include/uapi/asm-generic/siginfo.h of Linux (LP64).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.h"

namespace parked::target {

struct SignalInfo {
  static constexpr std::size_t kBytes = 32;  ///< of siginfo_t, that are looked at
  static constexpr int kNoCode = INT32_MIN;  ///< no more than the number is known

  int number = 0;           ///< SIGSEGV, …
  int code = kNoCode;       ///< si_code: what made it
  Addr address = 0;         ///< where a fault struck; 0 for what is none
  std::int32_t sender = 0;  ///< pid of who sent it; 0: not known, or in another namespace

  /// A processor fault that the kernel reports, with an address.
  bool isFault() const;
  /// Sent by kill(2) or sigqueue(3), which any process may, or by tgkill(2), as raise(3) does.
  bool isSent() const;
};

/// What the bytes of a siginfo_t say; nullopt where they are none: too short, or no signal has that
/// number.
std::optional<SignalInfo> decodeSignalInfo(std::span<const std::byte> bytes);

}  // namespace parked::target
