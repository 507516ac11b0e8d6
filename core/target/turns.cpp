#include "target/turns.h"

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>

#include "target/proc.h"

namespace parked::target {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLongestLook = std::chrono::seconds(5);
/// A tracer that lets the process run for so long is none that looks (`parked exec`).
constexpr auto kBetween = std::chrono::milliseconds(100);
constexpr auto kNap = std::chrono::milliseconds(2);

/// By another process that runs this program.
bool isTraced(std::int32_t pid) {
  const std::int32_t tracer = std::atoi(readStatus(pid, "TracerPid").c_str());
  return tracer != 0 && tracer != getpid() && readCommand(tracer) == readCommand(getpid());
}

}  // namespace

Result<void> stopInTurn(std::int32_t pid, const std::function<Result<void>()>& stop) {
  const auto end = Clock::now() + kLongestLook;
  auto held = Clock::now();  // when it last stood still for somebody
  // The other one may let go after this one was refused and before it is seen: once more, then.
  bool again = true;
  while (true) {
    auto stopped = stop();
    if (stopped || stopped.error().code != ErrorCode::permission) return stopped;
    const auto now = Clock::now();
    if (isTraced(pid)) {
      if (readStatus(pid, "State").starts_with('t')) held = now;
      if (now > end || now > held + kBetween) return stopped;
    } else if (!std::exchange(again, false)) {
      return stopped;
    }
    std::this_thread::sleep_for(kNap);
  }
}

}  // namespace parked::target
