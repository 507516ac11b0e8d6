#include "command/memory_limit.h"

#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

#include "base/text.h"

namespace parked::command {

std::optional<std::uint64_t> parseSize(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || number == 0) return std::nullopt;
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::string_view kUnits = "KMGT";
  if (unit.size() > 1 && (unit.substr(1) == "B" || unit.substr(1) == "iB")) {
    unit = unit.substr(0, 1);
  }
  if (unit.empty() || unit == "B") return number;
  const std::size_t power = kUnits.find(unit.front());
  if (unit.size() != 1 || power == std::string_view::npos) return std::nullopt;
  const unsigned shift = 10 * (static_cast<unsigned>(power) + 1);
  return number <= ~std::uint64_t{0} >> shift ? std::optional(number << shift) : std::nullopt;
}

std::uint64_t MemoryLimit::takenNow() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0, resident = 0, shared = 0;
  file >> size >> resident >> shared;
  if (!file || shared > resident) return 0;
  return (resident - shared) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

MemoryLimit::MemoryLimit(const Host& host, std::uint64_t bytes) : bytes_(bytes), limited_(host) {
  if (bytes == 0) return;
  limited_.cancelled = [this, asked = host.cancelled] { return exceeded() || (asked && asked()); };
}

bool MemoryLimit::exceeded() {
  constexpr std::chrono::milliseconds kBetween(2);  // looks: a look costs some microseconds
  const auto now = std::chrono::steady_clock::now();
  if (most_ > bytes_) return true;
  if (now < next_) return false;
  next_ = now + kBetween;
  most_ = takenNow();
  return most_ > bytes_;
}

Error MemoryLimit::explained(Error error) const {
  if (!passed()) return error;
  error.code = ErrorCode::unsupported;
  error.message = fmt::format("it takes more memory than --memory-limit {} allows: {}",
                              humanBytes(bytes_), humanBytes(most_));
  return error;
}

}  // namespace parked::command
