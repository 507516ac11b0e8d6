// What a target is, with the words for it.
#pragma once

#include <cstdint>
#include <string_view>

namespace parked::target {

enum class Kind : std::uint8_t {
  core,           ///< a core file
  liveStopped,    ///< a live process, read while its threads were stopped
  liveUnstopped,  ///< a live process, read while it ran: values may be torn, nothing is proved
  debugger,       ///< memory that a debugger reads for us (remote target)
};

struct KindTraits {
  Kind value;
  std::string_view id;    ///< stable, for machines: "live_unstopped"
  std::string_view text;  ///< for a person: "core file"
};

const KindTraits& traitsOf(Kind kind);

}  // namespace parked::target
