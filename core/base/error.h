// One error type for every room: what went wrong, where, and at which address of the target.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "base/address.h"

namespace parked {

enum class ErrorCode {
  usage,        ///< the caller asked for something that makes no sense
  notFound,     ///< a file, process, symbol or goroutine does not exist
  permission,   ///< the operating system said no
  io,           ///< a read failed for another reason
  badFormat,    ///< the bytes are not what they should be (not ELF, not Go, damaged)
  mismatch,     ///< core and executable do not belong together
  unsupported,  ///< well-formed, but parked does not read it (32-bit, Go 1.17, no DWARF)
  unreadable,   ///< target memory that is needed is not there (hole, truncated core)
  gone,         ///< the live process exited
  interrupted,  ///< the user pressed Ctrl-C
};

/// An error as a value. `message` is one clear line for a person, without a trailing newline.
struct Error {
  ErrorCode code = ErrorCode::io;
  std::string message;
  Addr address = 0;  ///< address in the target the error speaks of, 0 if none
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, Addr address = 0) {
  return tl::unexpected<Error>(Error{code, std::move(message), address});
}

}  // namespace parked
