// One process of which every thread is traced, from its first instruction to the stop at its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "target/registers.h"

namespace parked::launch {

/// When a program is to be looked at: as it exits, if nothing of this comes before.
struct When {
  int signal = 0;                     ///< as it is about to get this signal; 0: none
  std::chrono::nanoseconds after{0};  ///< so long after it was started; 0: not
};

/// What holds the program.
enum class Moment : std::uint8_t {
  exit,    ///< all its threads are ending
  signal,  ///< When::signal is about to be delivered
  time,    ///< When::after is over
  gone,    ///< nothing: it ended unseen, or never was
};

/// A program ends when one of its threads calls exit_group, or by a signal; the kernel then kills
/// the other threads, and each stands in a PTRACE_EVENT_EXIT of its own, with its registers and all
/// of the memory still there (kernel/exit.c, do_exit; checked with Linux 6.18).
class TracedProcess {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TracedProcess(std::int32_t pid) : pid_(pid) { known_.insert(pid); }

  /// A process that stands in for this one and has to be continued when this one is (stand_in.h);
  /// 0: none.
  void follow(std::int32_t pid) { follow_ = pid; }

  std::int32_t pid() const { return pid_; }
  bool knows(std::int32_t tid) const { return known_.contains(tid); }
  bool execed() const { return execed_; }
  /// Threads stand at their exit, and somebody has to ask whileHeld() what becomes of them.
  bool holds() const { return !held_.empty(); }
  /// Somebody has to ask continueFollower().
  bool hasToFollow() const { return Clock::now() < followUntil_; }

  /// A thread of it stands. `stop`: the event in the upper byte, the signal in the lower one.
  std::optional<Moment> atStop(const When& when, std::int32_t tid, int stop);
  /// A thread is gone.
  void atEnd(std::int32_t tid) {
    known_.erase(tid);
    parts_.erase(tid);
  }
  /// What becomes of those that stand at their exit.
  std::optional<Moment> whileHeld();
  void continueFollower();
  /// Whatever it stands for: the program has ended, or is about to.
  void wakeFollower();
  /// Has all threads stand that still run.
  void holdAll();

  /// Of the moment: the threads with their registers. One that did not stop in time has none.
  const std::vector<target::Thread>& threads() const { return threads_; }
  /// At Moment::exit: what waitpid() will say of it.
  int status() const { return status_; }

  /// Lets it go on, without a tracer, and hands over what it was about to receive.
  void letGo();

 private:
  struct Held {
    std::int32_t tid = 0;
    int signal = 0;
  };

  /// What a thread has told of the stops of the whole process.
  struct Part {
    std::uint64_t stop = 0;  ///< the last one that it was in
    bool left = true;        ///< and is not in any more
  };

  void atGroupStop(std::int32_t tid, int signal);
  void atNewStop();
  bool followerStands() const;
  bool followerMissedSomething() const;
  void atExit(std::int32_t tid);
  bool othersLive(std::int32_t tid) const;
  std::vector<std::int32_t> notHeld() const;
  bool someoneExecs() const;
  void goOnWithAll();
  bool holdOne(std::int32_t tid);

  std::int32_t pid_;
  std::int32_t follow_ = 0;
  bool execed_ = false;
  bool ending_ = false;  ///< the whole process; else held_ may be threads that an execve ends
  int status_ = 0;
  Clock::time_point heldSince_, followUntil_;
  std::uint64_t stop_ = 0;       ///< number of the last stop of the whole process, by a signal
  std::uint64_t continued_ = 0;  ///< and of the last that was seen to be over
  std::unordered_map<std::int32_t, Part> parts_;  ///< of each thread
  std::unordered_set<std::int32_t> known_;
  std::vector<Held> held_;
  std::vector<target::Thread> threads_;
};

/// Lets a thread that stands go on, traced as before.
void goOn(std::int32_t tid, int signal = 0);
/// Takes the stop, so that it is not reported again. Not for one at a signal: the signal would be
/// lost if this process was killed before it goes on.
void takeStop(std::int32_t tid);
/// Ends the tracing of a thread that stands.
void detach(std::int32_t tid, int signal = 0);

}  // namespace parked::launch
