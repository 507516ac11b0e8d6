#include "golang/clock.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <vector>

#include "schema/g.h"
#include "schema/mstats.h"
#include "schema/p.h"
#include "schema/sched.h"
#include "schema/timer.h"

namespace parked::golang {

namespace {

using image::Object;
using image::readObject;

// Farther from the program's start than any uptime: a damaged value must not set the clock.
constexpr std::int64_t kLongestUptime = 1'000'000'000'000'000'000;  // 31 years

/// `time` if it can be a moment in the life of the program, else 0.
std::int64_t plausible(const Clock& clock, std::int64_t time) {
  return time >= clock.started && time - clock.started <= kLongestUptime ? time : 0;
}

/// The latest moment sysmon noted on any P.
void noteTicks(Snapshot& snapshot) {
  auto& memory = snapshot.image->target().memory();
  const auto layout = schema::PLayout::of(snapshot.image->layouts());
  const auto allp = snapshot.image->symbol("runtime.allp");
  if (!allp || layout.size == 0) return;
  const auto list = schema::PList::read(memory, *allp);
  for (std::uint64_t i = 0; list && i < list->size(); ++i) {
    const Object p = readObject(memory, list->at(i).value_or(0), layout.size);
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
  const auto g = schema::GLayout::of(snapshot.image->layouts());
  const auto timer = schema::TimerLayout::of(snapshot.image->layouts());
  const std::vector<bool> sleeping = sleepingStacks(snapshot);
  for (const Goroutine& goroutine : snapshot.goroutines) {
    notePassed(snapshot.clock, goroutine.waitSince);
    const Object object = readObject(memory, goroutine.address, g.size);
    notePassed(snapshot.clock, object[g.trackingStamp]);
    // Clocks of synctest bubbles are their own.
    if (object[g.timer] == 0 || goroutine.bubble != 0 || goroutine.stack == kNone ||
        sleeping[goroutine.stack]) {
      continue;
    }
    const Object slept = readObject(memory, object[g.timer], timer.size);
    if (!slept || slept[timer.isFake] != 0) continue;
    notePassed(snapshot.clock, g.sleepWhen ? object[g.sleepWhen] : slept[timer.nextWhen]);
  }
}

/// The ring has the wall clock; the last collection noted both, and so tells one from the other.
void readGcEnds(Clock& clock, const std::array<std::uint64_t, 256>& ring, std::int64_t lastWall) {
  clock.gcEnds.clear();
  if (clock.lastGc == 0 || lastWall <= 0) return;
  const std::size_t count = std::min<std::size_t>(clock.gcCount, ring.size());
  // From the last one back, each no later than the next: somebody may have set the wall clock.
  std::int64_t end = clock.lastGc;
  for (std::size_t back = 0; back < count; ++back) {
    const std::uint64_t wall = ring[(clock.gcCount - 1 - back) % ring.size()];
    const auto last = static_cast<std::uint64_t>(lastWall);
    const std::uint64_t before = wall < last ? last - wall : 0;
    if (wall == 0 || before > static_cast<std::uint64_t>(clock.lastGc)) break;
    end = std::min(end, clock.lastGc - static_cast<std::int64_t>(before));
    clock.gcEnds.push_back(end);
  }
  std::ranges::reverse(clock.gcEnds);
}

void readGcTimes(Snapshot& snapshot, std::int64_t& lastGcWall) {
  const auto address = snapshot.image->symbol("runtime.memstats");
  if (!address) return;
  const auto layout = schema::MstatsLayout::of(snapshot.image->layouts());
  const Object stats = readObject(snapshot.image->target().memory(), *address, layout.size);
  snapshot.clock.gcCount = stats[layout.numGc];
  snapshot.clock.lastGc =
      plausible(snapshot.clock, static_cast<std::int64_t>(stats[layout.lastGcNanotime]));
  lastGcWall = static_cast<std::int64_t>(stats[layout.lastGcUnix]);
  readGcEnds(snapshot.clock, stats[layout.pauseEnd], lastGcWall);
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

std::int64_t blockedAt(const Clock& clock, std::int64_t waitSince) {
  if (waitSince <= 0) return 0;
  const std::vector<std::int64_t>& ends = clock.gcEnds;
  // The end nearest to it is of the collection that waitsince is from, the next of one that saw
  // the goroutine blocked. It has not run since, which would have cleared waitsince.
  auto own = std::ranges::lower_bound(ends, waitSince);
  if (own == ends.end() ||
      (own != ends.begin() && *own - waitSince > waitSince - *std::prev(own))) {
    if (own == ends.begin()) return 0;
    --own;
  }
  // Of several at once, where the wall clock was set back, the last.
  const auto saw = std::upper_bound(own, ends.end(), *own);
  return saw == ends.end() ? 0 : *saw;
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
    if (const auto list = schema::PList::read(memory, *allp)) {
      snapshot.gomaxprocs = static_cast<std::uint32_t>(list->size());
    }
  }
}

void readClock(Snapshot& snapshot) {
  Clock& clock = snapshot.clock;
  std::int64_t lastGcWall = 0;
  readGcTimes(snapshot, lastGcWall);
  std::int64_t lastPoll = 0;
  const auto layout = schema::SchedLayout::of(snapshot.image->layouts());
  if (const auto sched = snapshot.image->symbol("runtime.sched"); sched && layout.lastPoll) {
    snapshot.image->target().memory().read(*sched + layout.lastPoll.offset, lastPoll);
  }
  for (const std::int64_t time : {clock.started, clock.lastGc, lastPoll}) notePassed(clock, time);
  noteTicks(snapshot);

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
