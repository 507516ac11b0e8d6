// Stops all threads of a process with ptrace and lets them go again, leaving no trace: no signal is
// lost or gained, and if this process dies the kernel detaches and the target runs on.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "target/registers.h"

namespace parked::target {

class ThreadStop {
 public:
  ThreadStop() = default;
  ThreadStop(const ThreadStop&) = delete;
  ThreadStop& operator=(const ThreadStop&) = delete;
  ~ThreadStop() { release(); }

  /// Seizes and interrupts every thread, also those that appear meanwhile, and waits until they
  /// stand. On error everything is released again.
  Result<void> stop(std::int32_t pid);
  /// Detaches from every thread, delivering the signals that arrived meanwhile. Idempotent.
  void release();

  bool stopped() const { return !held_.empty(); }
  /// Threads and their registers; one that would not stop in time has none.
  std::vector<Thread> threads(Arch arch) const;

 private:
  struct Held {
    std::int32_t tid = 0;
    bool standing = false;  // in a ptrace stop
    int signal = 0;         // to be delivered on release
  };

  Result<bool> seizeNew(std::int32_t pid);
  void waitForAll();

  std::vector<Held> held_;
};

}  // namespace parked::target
