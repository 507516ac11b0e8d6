// What a target is, with the words for it.
#pragma once

#include <cstdint>
#include <string_view>

namespace parked::target {

enum class Kind : std::uint8_t {
  core,           ///< a core file
  dump,           ///< a core by `parked dump`, which has only what a report needs
  liveStopped,    ///< a live process, read while its threads were stopped
  liveUnstopped,  ///< a live process, read while it ran: values may be torn, nothing is proved
  debugger,       ///< memory that a debugger reads for us (remote target)
};

/// Of a file, which is there as long as it is read.
constexpr bool isFile(Kind kind) { return kind == Kind::core || kind == Kind::dump; }

struct KindTraits {
  Kind value;
  std::string_view id;    ///< stable, for machines: "live_unstopped"
  std::string_view text;  ///< for a person: "core file"
};

const KindTraits& traitsOf(Kind kind);

}  // namespace parked::target
