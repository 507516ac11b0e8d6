#include "golang/clock.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

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
void noteTicks(Snapshot& snapshot, const ClockLayout& layout) {
  auto& memory = snapshot.image->target().memory();
  const auto allp = snapshot.image->symbol("runtime.allp");
  if (!allp || layout.pSize == 0) return;
  const Addr data = memory.word(*allp);
  const std::uint64_t count = std::min(memory.word(*allp + 8), kMaxProcs);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Object p = readObject(memory, memory.word(data + 8 * i), layout.pSize);
    if (!p) break;
    notePassed(snapshot.clock, p[layout.schedWhen]);
    notePassed(snapshot.clock, p[layout.syscallWhen]);
  }
}

/// Stacks on which time.Sleep is: its goroutine may still sleep, or is just about to.
std::vector<bool> sleepingStacks(const Snapshot& snapshot) {
  const image::FunctionTable& functions = snapshot.image->functions();
  const image::FuncIndex sleep = functions.byName("time.Sleep");
  std::vector<bool> sleeping(snapshot.stacks.size());
  for (std::size_t i = 0; i < sleeping.size(); ++i) {
    const Stack& stack = snapshot.stacks[i];
    sleeping[i] = stack.truncated;
    for (std::uint32_t frame = 0; frame < stack.count && !sleeping[i]; ++frame) {
      const FramePc pc = snapshot.pcs[stack.first + frame];
      sleeping[i] = functions.find(pc.inside()) == sleep;
    }
  }
  return sleeping;
}

/// When goroutines that have slept were to be woken (runtime/time.go, timeSleep): only time itself
/// ends a sleep. And when they came to wait, or to be able to run, where the scheduler noted that.
void noteGoroutines(Snapshot& snapshot) {
  auto& memory = snapshot.image->target().memory();
  std::vector<std::string> missing;
  image::Binder g(snapshot.image->layouts(), "runtime.g", missing);
  image::Field<Addr> timer;
  image::Field<std::int64_t> sleepWhen, stamp;
  g.optional(timer, "timer");
  g.optional(sleepWhen, "sleepWhen");  // since 1.23
  g.optional(stamp, "trackingStamp");
  image::Binder ofTimer(snapshot.image->layouts(), "runtime.timer", missing);
  image::Field<std::int64_t> nextWhen;
  image::Field<std::uint8_t> isFake;
  ofTimer.optional(nextWhen, "nextwhen");  // up to 1.22
  ofTimer.optional(isFake, "isFake");
  const std::vector<bool> sleeping = sleepingStacks(snapshot);
  for (const Goroutine& goroutine : snapshot.goroutines) {
    notePassed(snapshot.clock, goroutine.waitSince);
    const Object object = readObject(memory, goroutine.address, g.size());
    notePassed(snapshot.clock, object[stamp]);
    // Clocks of synctest bubbles are their own.
    if (object[timer] == 0 || goroutine.bubble != 0 || goroutine.stack == kNone ||
        sleeping[goroutine.stack]) {
      continue;
    }
    const Object slept = readObject(memory, object[timer], ofTimer.size());
    if (!slept || slept[isFake] != 0) continue;
    notePassed(snapshot.clock, sleepWhen ? object[sleepWhen] : slept[nextWhen]);
  }
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

}  // namespace

void notePassed(Clock& clock, std::int64_t time) {
  clock.lowerBound = std::max(clock.lowerBound, plausible(clock, time));
}

void readRuntimeState(Snapshot& snapshot) {
  snapshot.clock.started = plausible(snapshot.clock, readTime(snapshot, "runtime.runtimeInitTime"));
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

void readClock(Snapshot& snapshot, const ClockLayout& layout) {
  Clock& clock = snapshot.clock;
  std::int64_t lastGcWall = 0;
  readGcTimes(snapshot, layout, lastGcWall);
  std::int64_t lastPoll = 0;
  if (const auto sched = snapshot.image->symbol("runtime.sched"); sched && layout.lastPoll) {
    snapshot.image->target().memory().read(*sched + layout.lastPoll.offset, lastPoll);
  }
  for (const std::int64_t time : {clock.started, clock.lastGc, lastPoll}) notePassed(clock, time);
  noteTicks(snapshot, layout);

  const target::Target& target = snapshot.image->target();
  if (const auto now = target.monotonicNs()) {
    clock.now = *now;
    // Measured, not guessed: nothing can be blocked for less than it was up to now.
    clock.lowerBound = std::max(clock.lowerBound, clock.now);
    clock.source = "clock of the machine";
    return;
  }
  noteGoroutines(snapshot);
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
  clock.source = kLowerBound;
}

}  // namespace parked::golang
