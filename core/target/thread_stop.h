// Stops all threads of a process with ptrace and lets them go again, leaving no trace: no signal is
// lost or gained, and if this process dies the kernel detaches and the target runs on.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "target/registers.h"

namespace parked::target {

/// Only the thread that attached may detach, and the kernel detaches when it ends. So a thread of
/// our own does both: stop() and release() may be called from any thread, and a thread of the
/// target that would not stop is let go all the same.
class ThreadStop {
 public:
  using Clock = std::chrono::steady_clock;

  ThreadStop();
  ThreadStop(const ThreadStop&) = delete;
  ThreadStop& operator=(const ThreadStop&) = delete;
  ~ThreadStop();

  /// Seizes and interrupts every thread, also those that appear meanwhile, waits until they stand
  /// and reads their registers. On error everything is released again. At `deadline` the threads
  /// are let go whatever goes on here. Errors: gone; permission (the message names the tracer, or
  /// what would allow it); io.
  Result<void> stop(std::int32_t pid, const Architecture& arch,
                    std::optional<Clock::time_point> deadline = std::nullopt);
  /// Detaches from every thread, delivering the signals that arrived meanwhile. Idempotent.
  void release();

  bool stopped() const { return tracer_ != nullptr; }
  /// From when all stand until just before the first is let go; from any thread. Memory that was
  /// copied before this is asked, and found true, is of the one instant.
  bool standing() const;
  /// The deadline let them go, not release(). To be asked after release().
  bool late() const { return late_; }
  /// When the last was let go; after release().
  Clock::time_point releasedAt() const { return releasedAt_; }
  /// Threads and their registers; one that would not stop in time has none.
  const std::vector<Thread>& threads() const { return threads_; }

 private:
  class Tracer;
  std::unique_ptr<Tracer> tracer_;
  std::vector<Thread> threads_;
  bool late_ = false;
  Clock::time_point releasedAt_;
};

}  // namespace parked::target
