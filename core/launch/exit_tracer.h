// Follows the threads of a program from its first instruction and holds it as it ends.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/error.h"
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

/// Traces one process with PTRACE_SEIZE. Nobody is kept from anything: signals are passed on, a
/// stop of the whole process stays one, children are not traced, and if the tracer dies the kernel
/// lets the program run on. All is done by the thread that made the object.
///
/// A program ends when one of its threads calls exit_group, or by a signal; the kernel then kills
/// the other threads, and each stands in a PTRACE_EVENT_EXIT of its own, with its registers and all
/// of the memory still there (kernel/exit.c, do_exit; checked with Linux 6.18).
class ExitTracer {
 public:
  /// Of a process with one thread that is about to exec. Errors: permission.
  static Result<ExitTracer> seize(std::int32_t pid);

  /// Lets it run until one of the moments. `follow` is a process that stands in for this one and
  /// has to be continued when this one is (stand_in.h); 0: none.
  Moment run(const When& when, std::int32_t follow);

  /// Of the moment: the threads with their registers. One that did not stop in time has none.
  const std::vector<target::Thread>& threads() const { return threads_; }
  /// At Moment::exit: what waitpid() will say of it.
  int status() const { return status_; }

  /// Lets it go on, without a tracer, and hands over what it was about to receive.
  void letGo();

 private:
  using Clock = std::chrono::steady_clock;
  struct Held {
    std::int32_t tid = 0;
    int signal = 0;
  };

  explicit ExitTracer(std::int32_t pid) : pid_(pid) { known_.insert(pid); }

  std::optional<Moment> next(const When& when);
  std::optional<Moment> atStop(const When& when, std::int32_t tid, int stop);
  void atGroupStop(std::int32_t tid, int signal);
  void atExit(std::int32_t tid);
  bool isOurs(std::int32_t tid) const;
  bool othersLive(std::int32_t tid) const;
  bool allEnding() const;
  bool someoneExecs() const;
  std::optional<Moment> whileHeld();
  void goOnWithAll();
  void holdAll();
  bool holdOne(std::int32_t tid);
  void continueFollower();

  std::int32_t pid_;
  std::int32_t follow_ = 0;
  bool execed_ = false;
  bool stopped_ = false;  ///< the whole process, by a signal
  bool ending_ = false;   ///< the whole process; else held_ may be threads that an execve ends
  int status_ = 0;
  Clock::time_point heldSince_, followUntil_;
  std::unordered_set<std::int32_t> known_;
  std::vector<Held> held_;
  std::vector<target::Thread> threads_;
};

}  // namespace parked::launch
