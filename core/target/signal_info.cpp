#include "target/signal_info.h"

#include <csignal>
#include <cstring>

namespace parked::target {

namespace {

constexpr int kLastSignal = 64;  // _NSIG
constexpr std::size_t kCode = 8, kFields = 16;

template <class T>
T at(std::span<const std::byte> bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace

bool SignalInfo::isFault() const {
  const bool faults = number == SIGSEGV || number == SIGBUS || number == SIGILL ||
                      number == SIGFPE || number == SIGTRAP;
  return faults && code > 0 && code != SI_KERNEL;
}

bool SignalInfo::isSent() const { return code == SI_USER || code == SI_QUEUE || code == SI_TKILL; }

std::optional<SignalInfo> decodeSignalInfo(std::span<const std::byte> bytes) {
  if (bytes.size() < SignalInfo::kBytes) return std::nullopt;
  SignalInfo info;
  info.number = at<std::int32_t>(bytes, 0);
  info.code = at<std::int32_t>(bytes, kCode);
  if (info.number < 1 || info.number > kLastSignal) return std::nullopt;
  // The fields behind are a union; which of its members was written the code says.
  if (info.isFault()) info.address = at<Addr>(bytes, kFields);
  if (info.isSent()) info.sender = at<std::int32_t>(bytes, kFields);
  return info;
}

}  // namespace parked::target
