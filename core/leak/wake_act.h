// What somebody does to wake a goroutine, with the words for it.
#pragma once

#include <cstdint>
#include <string_view>

namespace parked::leak {

enum class WakeAct : std::uint8_t { unlock, receive, send, close, done };

struct WakeActTraits {
  WakeAct value;
  std::string_view id;    ///< stable, for machines
  std::string_view verb;  ///< what could be done: "close it"
  std::string_view does;  ///< what somebody does: "closes it"
};

const WakeActTraits& traitsOf(WakeAct act);

}  // namespace parked::leak
