// The numbers behind the rules that cannot prove what they say, in one place.
#pragma once

#include <algorithm>
#include <cstdint>

#include "leak/analysis.h"

namespace parked::rules {

/// How long something that ends by itself in a healthy program may take: a handshake, a body that
/// is being looked at, a wait for a connection. Shorter when --suspect-age is.
inline std::int64_t hangAge(const leak::Analysis& analysis) {
  constexpr std::int64_t kHang = 60'000'000'000;  // ns
  return std::min<std::int64_t>(kHang, analysis.options().thresholds.age.count());
}

/// Transports that were dropped at the same time, with connections that will end by themselves.
inline constexpr std::size_t kManyTransports = 10;

}  // namespace parked::rules
