#include "golang/clock.h"

#include <algorithm>
#include <cstdint>

namespace parked::golang {

namespace {

using image::Object;
using image::readObject;

constexpr std::uint64_t kMaxProcs = 1 << 20;

// Farther from the program's start than any uptime: a damaged value must not set the clock.
constexpr std::int64_t kLongestUptime = 1'000'000'000'000'000'000;  // 31 years

/// `time` if it can be a moment in the life of the program, else 0.
std::int64_t plausible(const Clock& clock, std::int64_t time) {
  return time >= clock.started && time - clock.started <= kLongestUptime ? time : 0;
}

/// The latest moment sysmon noted on any P.
std::int64_t latestTick(Snapshot& snapshot, const ClockLayout& layout) {
  auto& memory = snapshot.image->target().memory();
  const auto allp = snapshot.image->symbol("runtime.allp");
  if (!allp || layout.pSize == 0) return 0;
  std::int64_t latest = 0;
  const Addr data = memory.word(*allp);
  const std::uint64_t count = std::min(memory.word(*allp + 8), kMaxProcs);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Object p = readObject(memory, memory.word(data + 8 * i), layout.pSize);
    if (!p) break;
    latest = std::max({latest, plausible(snapshot.clock, p[layout.schedWhen]),
                       plausible(snapshot.clock, p[layout.syscallWhen])});
  }
  return latest;
}

void readGcTimes(Snapshot& snapshot, const ClockLayout& layout, std::int64_t& lastGcWall) {
  const auto address = snapshot.image->symbol("runtime.memstats");
  if (!address) return;
  const Object stats = readObject(snapshot.image->target().memory(), *address, layout.statsSize);
  snapshot.clock.gcCount = stats[layout.numGc];
  snapshot.clock.lastGc =
      plausible(snapshot.clock, static_cast<std::int64_t>(stats[layout.lastGcNanotime]));
  lastGcWall = static_cast<std::int64_t>(stats[layout.lastGcUnix]);
}

std::int64_t readTime(Snapshot& snapshot, const char* symbol) {
  std::int64_t value = 0;
  const auto address = snapshot.image->symbol(symbol);
  if (address) snapshot.image->target().memory().read(*address, value);
  return value;
}

void readState(Snapshot& snapshot) {
  auto& memory = snapshot.image->target().memory();
  std::uint32_t value = 0;
  if (const auto phase = snapshot.image->symbol("runtime.gcphase")) {
    snapshot.gcRunning = memory.read(*phase, value) && value != 0;
  }
  if (const auto procs = snapshot.image->symbol("runtime.gomaxprocs")) {
    if (memory.read(*procs, value)) snapshot.gomaxprocs = value;
  } else if (const auto allp = snapshot.image->symbol("runtime.allp")) {
    snapshot.gomaxprocs = static_cast<std::uint32_t>(std::min(memory.word(*allp + 8), kMaxProcs));
  }
}

}  // namespace

void readClock(Snapshot& snapshot, const ClockLayout& layout) {
  readState(snapshot);
  Clock& clock = snapshot.clock;
  clock.started = plausible(clock, readTime(snapshot, "runtime.runtimeInitTime"));
  std::int64_t lastGcWall = 0;
  readGcTimes(snapshot, layout, lastGcWall);

  std::int64_t lastPoll = 0;
  if (const auto sched = snapshot.image->symbol("runtime.sched"); sched && layout.lastPoll) {
    snapshot.image->target().memory().read(*sched + layout.lastPoll.offset, lastPoll);
  }
  clock.lowerBound = std::max(
      {clock.started, clock.lastGc, plausible(clock, lastPoll), latestTick(snapshot, layout)});

  const target::Target& target = snapshot.image->target();
  if (const auto now = target.monotonicNs()) {
    clock.now = *now;
    // Measured, not guessed: nothing can be blocked for less than it was up to now.
    clock.lowerBound = std::max(clock.lowerBound, clock.now);
    clock.source = "clock of the machine";
    return;
  }
  // The last GC noted both clocks, so the wall time of the dump tells the monotonic one.
  if (const auto wall = target.wallTimeNs();
      wall && clock.lastGc > 0 && lastGcWall > 0 && *wall >= lastGcWall) {
    const std::int64_t now = clock.lastGc + std::min(*wall - lastGcWall, kLongestUptime);
    if (now >= clock.lowerBound) {
      clock.now = now;
      clock.source = "core file's time and last GC";
      return;
    }
  }
  clock.now = clock.lowerBound;
  clock.source = "lower bound";
}

}  // namespace parked::golang
