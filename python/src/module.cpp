// parked._parked: the facade (parked/parked.h) as Python objects, nothing more. The typed,
// documented face is the package around it.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "session.h"

namespace parked::python {
namespace {

std::chrono::nanoseconds pauseFrom(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) {
    throw Failure{"max_pause: expected a number of seconds, or 0 for no bound", Exit::unusable};
  }
  return std::chrono::ceil<std::chrono::nanoseconds>(  // 0 would be no bound
      std::chrono::duration<double>(std::min(seconds, 1e6)));
}

std::unique_ptr<PySession> openSession(std::string core, std::int32_t pid, std::string executable,
                                       std::vector<std::string> sysroots,
                                       std::vector<std::string> debugFolders, bool debuginfod,
                                       bool force, bool stop, double maxPause, bool alreadyStopped,
                                       py::object debugger, py::object progress) {
  OpenRequest request;
  request.core = std::move(core);
  request.pid = pid;
  request.executable = std::move(executable);
  const OpeningWords opening{force, std::move(sysroots), std::move(debugFolders), debuginfod};
  opening.applyTo(request);
  request.stop = stop;
  request.maxPause = pauseFrom(maxPause);
  request.alreadyStopped = alreadyStopped;
  return PySession::open(std::move(request), std::move(progress), std::move(debugger));
}

std::tuple<py::str, py::str, int, py::str> runCommand(PySession& session,
                                                      const std::vector<std::string>& words,
                                                      bool color, int width,
                                                      std::string commandPrefix,
                                                      const py::object& sink) {
  Style style;
  style.color = color;
  style.width = width;
  style.commandPrefix = std::move(commandPrefix);
  return session.run(words, style, sink);
}

std::tuple<py::str, py::str, int> runDiff(const std::vector<std::string>& words, bool stop,
                                          double maxPause, py::object progress) {
  OpenRequest request;
  request.stop = stop;
  request.maxPause = pauseFrom(maxPause);
  return diffReports(request, words, std::move(progress));
}

std::vector<py::bytes> asBytes(const std::vector<std::string>& paths) {
  return {paths.begin(), paths.end()};
}

/// The other words, what is wrong, force, sysroots, debug folders, debuginfod.
std::tuple<std::vector<std::string>, std::string, bool, std::vector<py::bytes>,
           std::vector<py::bytes>, bool>
openingWords(std::vector<std::string> words) {
  OpeningWords opening;
  std::string error = takeOpeningWords(words, opening);
  return {std::move(words),
          std::move(error),
          opening.force,
          asBytes(opening.sysroots),
          asBytes(opening.debugFolders),
          opening.debuginfod};
}

std::vector<std::tuple<std::string, std::string, std::string>> listCommands() {
  std::vector<std::tuple<std::string, std::string, std::string>> result;
  for (const CommandHelp& command : commands()) {
    result.emplace_back(command.name, command.synopsis, command.summary);
  }
  return result;
}

using VectorNames = std::tuple<std::string_view, unsigned, std::string_view, unsigned>;
using Names = std::tuple<std::string_view, std::string_view, std::string_view, std::string_view,
                         std::vector<VectorNames>>;

/// pc, sp, frame pointer, link, vectors; None for an architecture that is not read.
std::optional<Names> listRegisters(const std::string& architecture) {
  const auto names = registerNames(architecture);
  if (!names) return std::nullopt;
  std::vector<VectorNames> vectors;
  for (const RegisterNames::Vectors& each : names->vectors) {
    vectors.emplace_back(each.prefix, each.count, each.words, each.wordCount);
  }
  return Names(names->pc, names->sp, names->framePointer, names->link, std::move(vectors));
}

}  // namespace

PYBIND11_MODULE(_parked, module) {
  module.doc() = "Goroutine-leak reports from cores and live processes of Go programs";

  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const Failure& failure) {
      const py::object error = toPython(failure);
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
    }
  });

  py::class_<PySession>(module, "Session")
      .def_static("open", &openSession, py::kw_only(), py::arg("core") = "", py::arg("pid") = 0,
                  py::arg("executable") = "", py::arg("sysroots") = std::vector<std::string>(),
                  py::arg("debug_folders") = std::vector<std::string>(),
                  py::arg("debuginfod") = false, py::arg("force") = false, py::arg("stop") = true,
                  py::arg("max_pause") = 1.0, py::arg("already_stopped") = false,
                  py::arg("debugger") = py::none(), py::arg("progress") = py::none())
      .def("run", &runCommand, py::arg("words"), py::kw_only(), py::arg("color") = false,
           py::arg("width") = 0, py::arg("command_prefix") = "parked", py::arg("sink") = py::none())
      .def("registers_of", &PySession::registersOf, py::arg("goid"))
      .def("close", &PySession::close);

  module.def("diff", &runDiff, py::arg("words"), py::kw_only(), py::arg("stop") = true,
             py::arg("max_pause") = 1.0, py::arg("progress") = py::none());
  module.def("exec_summary", &summariseReports, py::arg("words"));
  module.def("commands", &listCommands);
  module.def("command_help", [](const std::string& command) { return commandHelp(command); });
  module.def("help_asked", [](const std::vector<std::string>& words) { return helpAsked(words); });
  module.def("check_command",
             [](const std::vector<std::string>& words) { return checkCommand(words); });
  module.def("take_opening_words", &openingWords);
  module.def("split_words", [](const std::string& line) { return splitWords(line); });
  module.def("register_names", &listRegisters);
  module.def("version", [] { return std::string(version()); });
}

}  // namespace parked::python
