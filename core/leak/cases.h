// The cases of a select, each by itself: who could make it ready.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "leak/analysis.h"

namespace parked::leak {

/// Each has a row in cases.cpp.
enum class CaseFate : std::uint8_t {
  unknown,  ///< nothing can be said
  nobody,   ///< nobody but this goroutine has the channel: not before another case was ready
  timer,    ///< a timer will send to it
  reached,  ///< somebody else has it
};

struct CaseFateTraits {
  CaseFate value;
  std::string_view id;     ///< stable, for machines; "" where nothing can be said
  std::string_view words;  ///< for a person; of reached, the way to it follows
};

const CaseFateTraits& traitsOf(CaseFate fate);

struct CaseOutlook {
  Index wait = kNone;  ///< into Snapshot::waits
  CaseFate fate = CaseFate::unknown;
  std::string by;  ///< of reached: the way to it, in one line
};

/// Of every case of the select the goroutine waits in, `limit` at most, 0: all; empty if it waits
/// in none, or nothing can be said of any. Takes a marking of the heap. `observer` may be null.
std::vector<CaseOutlook> casesOf(const Analysis& analysis, Index goroutine, std::uint64_t limit,
                                 Observer* observer);

}  // namespace parked::leak
