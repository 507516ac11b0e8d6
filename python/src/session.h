// The facade's Session as Python sees it: the GIL is given up while parked works, signals and
// callbacks are served in between.
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <pybind11/pybind11.h>
#include <string>
#include <tuple>
#include <vector>

#include "parked/parked.h"

namespace parked::python {

namespace py = pybind11;

/// Calls into Python from work that runs without the GIL. The first exception a callback raises
/// (KeyboardInterrupt included) is kept, cancels the work, and is raised again by rethrow().
class Callbacks {
 public:
  /// `progress(stage, done, total)` or None; `debugger` an object of the protocol in _parked.pyi,
  /// or None.
  Callbacks(py::object progress, py::object debugger);

  Host host();
  /// The debugger's side, or nullptr if there is none.
  const DebuggerAccess* access() const { return access_ ? &*access_ : nullptr; }
  /// Runs `function` with the GIL held; Result() if it raises, or something before it did.
  template <typename Result, typename Function>
  Result call(Function function);
  /// With the GIL held: raises what a callback raised.
  void rethrow();

 private:
  bool cancelled();
  void reportProgress(std::string_view stage, std::uint64_t done, std::uint64_t total);
  std::size_t read(std::uint64_t address, std::byte* out, std::size_t size);
  std::vector<DebuggerAccess::Thread> threads();
  std::vector<DebuggerAccess::Range> ranges();

  py::object progress_;
  py::object debugger_;
  std::optional<DebuggerAccess> access_;
  std::exception_ptr raised_;
  std::chrono::steady_clock::time_point signalsChecked_;
};

class PySession {
 public:
  /// Raises parked.Error when the target cannot be opened.
  static std::unique_ptr<PySession> open(OpenRequest request, py::object progress,
                                         py::object debugger);
  ~PySession();

  /// (output, error, exit code, timings). With a `sink`, output goes there piece by piece instead.
  std::tuple<py::str, py::str, int, py::str> run(const std::vector<std::string>& words,
                                                 const Style& style, const py::object& sink);
  /// (pc, sp, frame pointer), or None if there is no such goroutine, or no session any more.
  std::optional<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>> registersOf(
      std::uint64_t goid) const;
  void close();

 private:
  // The session calls into callbacks_, so that must outlive it.
  std::unique_ptr<Callbacks> callbacks_;
  std::unique_ptr<Session> session_;
  bool running_ = false;
};

/// parked::diff(): (output, error, exit code).
std::tuple<py::str, py::str, int> diffReports(const OpenRequest& request,
                                              const std::vector<std::string>& words,
                                              py::object progress);

/// parked::execSummary(): (output, error, exit code).
std::tuple<py::str, py::str, int> summariseReports(const std::vector<std::string>& words);

/// What parked could not do; parked.Error in Python, whose `exit_code` is the CLI's.
struct Failure {
  std::string message;
  Exit exit;
};
py::object toPython(const Failure& failure);

}  // namespace parked::python
