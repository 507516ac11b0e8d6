// What still wakes islands of one kind (leak/island_kinds.h), and when next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "leak/analysis.h"

namespace parked::leak {

enum class WakerKind : std::uint8_t { network, ticker, timer, sleep, afterFunc };

struct IslandWaker {
  WakerKind kind = WakerKind::network;
  std::uint64_t count = 0;           ///< goroutines it wakes; of afterFunc timers
  std::int64_t period = 0;           ///< of a ticker, ns
  Place callback;                    ///< of afterFunc
  std::optional<std::int64_t> next;  ///< ns from now until the first of them fires
};

/// Of all its islands, most first.
std::vector<IslandWaker> wakersOf(const Analysis& analysis, const IslandKind& kind);
/// "network", "ticker", "timer", "sleep", "after_func".
std::string_view idOf(WakerKind kind);
/// "the network (20), a ticker every 1m (20, next in 12s)"; "others like it" for none.
std::string wakersText(const std::vector<IslandWaker>& wakers);

}  // namespace parked::leak
