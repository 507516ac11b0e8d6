// The kernel's system calls that wait for something, by their numbers, which each architecture has
// its own of.
#pragma once

#include <cstdint>
#include <string_view>

namespace parked::arch {

struct SystemCall {
  /// What its arguments mean.
  enum class Takes : std::uint8_t {
    nothing,  ///< nothing that tells more than the call's name
    fd,       ///< a descriptor, first
    path,     ///< a path, first
    fdPath,   ///< a directory's descriptor, and a path
    child,    ///< a process, first
    childBy,  ///< what the next is, and a process
  };
  std::uint64_t number;
  std::string_view words;  ///< before what it is on
  Takes takes;
};

}  // namespace parked::arch
