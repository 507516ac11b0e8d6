// What a dead program died of, and panics that are still in progress: the data. Read by
// golang/panics.h and golang/crash.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "target/signal_info.h"

namespace parked::golang {

/// A panic that has begun and not ended (runtime._panic).
struct Panic {
  Addr address = 0;    ///< of the _panic
  std::string type{};  ///< of the value, as %T prints it: "*errors.errorString"; "" if not known
  std::string text{};  ///< the value, as Go's "panic: " line has it where that can be told
  Addr value = 0;      ///< data word of the interface value
  bool known = true;   ///< false: the value could not be read, and the text says why
  bool recovered = false;
  bool repanicked = false;  ///< the next one panics with the same value again (since 1.23)
  bool goexit = false;      ///< runtime.Goexit, which runs deferred calls in the same way
  bool fault = false;       ///< a processor fault that the runtime made a panic of
  /// Physical frame of the goroutine's stack that called panic or Goexit; kNoFrame if not found.
  std::uint32_t frame = 0;
  static constexpr std::uint32_t kNoFrame = 0xffffffff;
};

/// A goroutine with panics in progress.
struct Panicking {
  std::uint32_t goroutine = 0;  ///< into Snapshot::goroutines
  std::vector<Panic> panics;    ///< in the order they began, never empty
  /// Code of deferred calls that are noted on the heap and were not begun, the next one first. The
  /// compiler's open-coded ones are not among them.
  std::vector<Addr> deferred;
};

enum class Death : std::uint8_t {
  panic,       ///< one that nobody recovered
  fatalError,  ///< runtime.throw or runtime.fatal
  signal,
};
/// "panic", "fatal_error", "signal".
std::string_view deathName(Death death);

struct Crash {
  static constexpr std::uint32_t kNone = 0xffffffff;

  Death kind = Death::signal;
  std::uint32_t goroutine = kNone;  ///< into Snapshot::goroutines, that it happened in
  std::uint32_t thread = kNone;     ///< into Target::threads()
  std::string message{};            ///< of a fatal error; "" if it was not found
  bool allAsleep = false;  ///< the runtime found that no goroutine can ever run (runtime.checkdead)
  /// That came; of a panic: the fault that it was made of.
  std::optional<target::SignalInfo> signal{};
  Addr pc = 0;               ///< where the signal struck
  bool outsideGo = false;    ///< that is no Go code: C, the kernel's vDSO
  bool fromOutside = false;  ///< another process sent the signal
  std::uint32_t others = 0;  ///< further threads that were dying at the same time
};

}  // namespace parked::golang
