// Numbers and durations as people read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parked {

/// "1,240".
std::string withSeparators(std::uint64_t number);
/// "1,240 goroutines", "1 goroutine".
std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural = {});
/// "850ms", "1.5s", "41m", "3h2m", "2d4h"; rounded down, so that "at least" stays true.
std::string humanDuration(std::int64_t ns);
/// "3.5 MB", "812 bytes"; in powers of 1024, as everybody who looks at heaps counts.
std::string humanBytes(std::uint64_t bytes);
/// The reverse of humanDuration, as Go and people write it: "90s", "1h30m", "2d", "1.5s"; none if
/// the text is no duration.
std::optional<std::int64_t> durationFrom(std::string_view text);

}  // namespace parked
