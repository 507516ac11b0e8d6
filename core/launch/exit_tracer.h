// Follows a program from its first instruction and holds it as it ends; the programs that it starts
// as well, if that is wanted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/error.h"
#include "launch/traced_process.h"

namespace parked::launch {

/// Traces with PTRACE_SEIZE. Nobody is kept from anything: signals are passed on, a stop of a whole
/// process stays one, and if the tracer dies the kernel lets all run on. All is done by the thread
/// that made the object.
class ExitTracer {
 public:
  /// Called for a child that stands at its exit; it is let go behind that.
  using ChildEnds = std::function<void(const TracedProcess& child)>;

  /// Of a process with one thread that is about to exec. With `childEnds` Go programs are traced
  /// that it or those start, as long as it runs itself: others from their exec on no more. Errors:
  /// permission.
  static Result<ExitTracer> seize(std::int32_t pid, ChildEnds childEnds = nullptr);

  /// Lets it run until one of the moments. `follow` is a process that stands in for this one and
  /// has to be continued when this one is (stand_in.h); 0: none.
  Moment run(const When& when, std::int32_t follow);

  /// Of the moment: the threads with their registers. One that did not stop in time has none.
  const std::vector<target::Thread>& threads() const { return program_.threads(); }
  /// At Moment::exit: what waitpid() will say of it.
  int status() const { return program_.status(); }

  /// Lets it go on, without a tracer, and hands over what it was about to receive.
  void letGo() { program_.letGo(); }

 private:
  ExitTracer(std::int32_t pid, ChildEnds childEnds)
      : program_(pid), childEnds_(std::move(childEnds)) {}

  std::optional<Moment> next(const When& when);
  std::optional<Moment> idle();
  std::optional<Moment> atStop(const When& when, std::int32_t tid, int stop);
  void atStopOfChild(TracedProcess& child, std::int32_t tid, int stop);
  void childAt(TracedProcess& child, Moment moment);
  TracedProcess* processOf(std::int32_t tid);
  bool polls() const;

  TracedProcess program_;
  ChildEnds childEnds_;
  std::map<std::int32_t, TracedProcess> children_;  ///< by process id
};

}  // namespace parked::launch
