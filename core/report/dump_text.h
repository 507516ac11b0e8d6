// The wording of Go's goroutine dumps, release by release: what a header says, which frames are
// shown, where a long stack is cut. Mirrors runtime/traceback.go (goroutineheader, showframe,
// traceback1, traceback2), Go 1.18 to 1.27.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "golang/snapshot.h"
#include "image/build_info.h"

namespace parked::report {

/// What changed between releases.
struct DumpDialect {
  enum class Labels : std::uint8_t { none, inside, behind };  ///< of the header's brackets

  bool elidesMiddle = false;     ///< 1.21+: the inner and the outer 50 frames are shown
  bool pointers = false;         ///< 1.22+: gp=, m= and mp= in the header of a system dump
  bool exportedMethods = false;  ///< 1.23+: a runtime method is shown if its type is exported, too
  bool durable = false;          ///< 1.25+: durable waits in a bubble are marked
  bool finalizers = false;       ///< 1.25+: the frames that run finalizers and cleanups are shown
  std::string_view bubble;       ///< "synctest group" in 1.24, "synctest bubble" since
  Labels labels = Labels::none;
  bool rawBytes = false;  ///< 1.27+: broken UTF-8 in labels is told from U+FFFD

  /// GODEBUG=tracebacklabels is taken from the executable's default, as the environment of the
  /// process is not looked at.
  static DumpDialect of(const image::BuildInfo& build);
};

/// What the line above a stack says.
struct DumpHeader {
  std::uint64_t id = 0;
  Addr g = 0, m = 0;
  std::optional<std::int64_t> mId;
  std::string_view status;  ///< the status, or the wait reason
  bool leaked = false, scan = false, durable = false, locked = false;
  std::int64_t minutes = 0;  ///< blocked for so long
  std::uint64_t bubble = 0;  ///< 0: none
  const golang::Labels* labels = nullptr;
};

/// "goroutine 18 [chan receive, 2 minutes]:". `system`: with the addresses of g and m.
std::string headerText(const DumpDialect& dialect, const DumpHeader& header, bool system);

/// The dialect's header for a goroutine of the snapshot.
DumpHeader describeHeader(const DumpDialect& dialect, const golang::Snapshot& snapshot,
                          const golang::Goroutine& goroutine);

/// What matters about a function when it is decided whether its frame is shown.
struct FrameTraits {
  bool wrapper = false;  ///< made by the compiler
  bool panics = false;   ///< gopanic, sigpanic, panicwrap: the wrapper that calls it is shown
  bool gopanic = false;  ///< shown unless innermost
  bool hidden = false;   ///< of the runtime
};
FrameTraits traitsOf(const DumpDialect& dialect, std::string_view function, bool wrapper);

/// Whether a frame is shown when runtime frames are not asked for. `callee`: the frame below,
/// shown or not. `first`: no frame has been shown yet.
bool isShown(const FrameTraits& frame, const FrameTraits& callee, bool first);

/// Physical frames walked by releases that do not elide the middle; the limit counts those that
/// are not shown, too.
inline constexpr std::size_t kMaxPhysicalFrames = 100;

/// How a stack of `shown` frames is cut.
struct DumpCut {
  std::size_t inner = 0;  ///< frames shown first
  std::size_t elided = 0;
};
DumpCut cutOf(const DumpDialect& dialect, std::size_t shown);

}  // namespace parked::report
