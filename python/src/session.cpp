#include "session.h"

#include <algorithm>
#include <cstring>
#include <pybind11/stl.h>
#include <utility>

#include "parked/exec.h"

namespace parked::python {
namespace {

/// How often a signal (Ctrl-C) is looked for: taking the GIL for each of the many questions would
/// cost more than the work.
constexpr auto kSignalInterval = std::chrono::milliseconds(20);

/// Text of a foreign program is not always UTF-8; what is not becomes U+FFFD.
py::str decode(std::string_view bytes) {
  PyObject* text =
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<py::ssize_t>(bytes.size()), "replace");
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

/// How many bytes from the start end with a whole character: the tail of a piece of output may be
/// the first bytes of one. (PyUnicode_DecodeUTF8Stateful does not say for ASCII in Python 3.11.)
std::size_t wholeCharacters(std::string_view bytes) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((byte & 0xC0U) == 0x80U) continue;  // goes on with the character before
    const std::size_t length = byte >= 0xF0U ? 4 : byte >= 0xE0U ? 3 : byte >= 0xC0U ? 2 : 1;
    return length > back ? bytes.size() - back : bytes.size();
  }
  return bytes.size();
}

/// Marks a session as in use: while the GIL is given up, other Python threads run.
class Busy {
 public:
  explicit Busy(bool& flag) : flag_(flag) { flag_ = true; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() { flag_ = false; }

 private:
  bool& flag_;
};

}  // namespace

Callbacks::Callbacks(py::object progress, py::object debugger)
    : progress_(std::move(progress)), debugger_(std::move(debugger)) {
  if (debugger_.is_none()) return;
  access_.emplace();
  access_->executable = debugger_.attr("executable").cast<std::string>();
  access_->libraries = debugger_.attr("libraries").cast<std::vector<std::string>>();
  access_->loadBias = debugger_.attr("load_bias").cast<std::optional<std::uint64_t>>();
  access_->read = [this](std::uint64_t address, std::byte* out, std::size_t size) {
    return read(address, out, size);
  };
  access_->threads = [this] { return threads(); };
  access_->ranges = [this] { return ranges(); };
}

Host Callbacks::host() {
  Host host;
  host.cancelled = [this] { return cancelled(); };
  if (!progress_.is_none()) {
    host.progress = [this](std::string_view stage, std::uint64_t done, std::uint64_t total) {
      reportProgress(stage, done, total);
    };
  }
  return host;
}

void Callbacks::rethrow() {
  if (raised_) std::rethrow_exception(std::exchange(raised_, nullptr));
}

template <typename Result, typename Function>
Result Callbacks::call(Function function) {
  if (raised_) return Result();
  py::gil_scoped_acquire gil;
  try {
    return function();
  } catch (...) {
    raised_ = std::current_exception();
    return Result();
  }
}

bool Callbacks::cancelled() {
  if (raised_) return true;
  const auto now = std::chrono::steady_clock::now();
  if (now - signalsChecked_ < kSignalInterval) return false;
  signalsChecked_ = now;
  call<bool>([]() -> bool {
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    return false;
  });
  return raised_ != nullptr;
}

void Callbacks::reportProgress(std::string_view stage, std::uint64_t done, std::uint64_t total) {
  call<bool>([&] {
    progress_(decode(stage), done, total);
    return true;
  });
}

std::size_t Callbacks::read(std::uint64_t address, std::byte* out, std::size_t size) {
  return call<std::size_t>([&]() -> std::size_t {
    const py::bytes bytes = debugger_.attr("read")(address, size);
    const std::string_view got = bytes;
    const std::size_t length = std::min(got.size(), size);
    std::memcpy(out, got.data(), length);
    return length;
  });
}

std::vector<DebuggerAccess::Thread> Callbacks::threads() {
  return call<std::vector<DebuggerAccess::Thread>>([&] {
    std::vector<DebuggerAccess::Thread> threads;
    for (const py::handle item : debugger_.attr("threads")()) {
      DebuggerAccess::Thread& thread = threads.emplace_back();
      thread.tid = item.attr("tid").cast<std::int32_t>();
      thread.pc = item.attr("pc").cast<std::uint64_t>();
      thread.sp = item.attr("sp").cast<std::uint64_t>();
      thread.framePointer = item.attr("frame_pointer").cast<std::uint64_t>();
      thread.link = item.attr("link").cast<std::uint64_t>();
      thread.words = item.attr("words").cast<std::vector<std::uint64_t>>();
    }
    return threads;
  });
}

std::vector<DebuggerAccess::Range> Callbacks::ranges() {
  return call<std::vector<DebuggerAccess::Range>>([&] {
    std::vector<DebuggerAccess::Range> ranges;
    for (const py::handle item : debugger_.attr("ranges")()) {
      DebuggerAccess::Range& range = ranges.emplace_back();
      range.start = item.attr("start").cast<std::uint64_t>();
      range.end = item.attr("end").cast<std::uint64_t>();
      range.writable = item.attr("writable").cast<bool>();
    }
    return ranges;
  });
}

std::unique_ptr<PySession> PySession::open(OpenRequest request, py::object progress,
                                           py::object debugger) {
  auto result = std::make_unique<PySession>();
  result->callbacks_ = std::make_unique<Callbacks>(std::move(progress), std::move(debugger));
  request.debugger = result->callbacks_->access();
  Session::Opened opened;
  {
    py::gil_scoped_release unlocked;
    opened = Session::open(request, result->callbacks_->host());
  }
  result->callbacks_->rethrow();
  if (!opened.session) throw Failure{std::move(opened.error), opened.exit};
  result->session_ = std::move(opened.session);
  return result;
}

PySession::~PySession() = default;

std::tuple<py::str, py::str, int, py::str> PySession::run(const std::vector<std::string>& words,
                                                          const Style& style,
                                                          const py::object& sink) {
  if (!session_) throw Failure{"the session is closed", Exit::unusable};
  if (running_) throw Failure{"the session is busy with another command", Exit::unusable};
  // Given out only whole characters; the first bytes of a split one wait for the rest.
  std::string pending;
  const auto pass = [&](std::string_view piece) {
    pending.append(piece);
    return callbacks_->call<bool>([&] {
      const std::size_t whole = wholeCharacters(pending);
      const py::str text = decode(std::string_view(pending).substr(0, whole));
      pending.erase(0, whole);
      sink(text);
      return true;
    });
  };

  CommandResult result;
  {
    const Busy busy(running_);
    py::gil_scoped_release unlocked;
    result = sink.is_none() ? session_->run(words, style) : session_->run(words, style, pass);
  }
  callbacks_->rethrow();
  if (!pending.empty()) sink(decode(pending));
  return {decode(result.output), decode(result.error), static_cast<int>(result.exit),
          decode(result.timings)};
}

std::optional<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>> PySession::registersOf(
    std::uint64_t goid) const {
  if (!session_) return std::nullopt;
  if (running_) throw Failure{"the session is busy with another command", Exit::unusable};
  const auto registers = session_->registersOf(goid);
  callbacks_->rethrow();
  if (!registers) return std::nullopt;
  return std::tuple(registers->pc, registers->sp, registers->framePointer);
}

void PySession::close() {
  if (running_) throw Failure{"the session is busy with another command", Exit::unusable};
  session_.reset();
}

std::tuple<py::str, py::str, int> diffReports(const OpenRequest& request,
                                              const std::vector<std::string>& words,
                                              py::object progress) {
  Callbacks callbacks(std::move(progress), py::none());
  std::string output;
  CommandResult result;
  {
    py::gil_scoped_release unlocked;
    result = diff(request, words, {}, callbacks.host(), [&output](std::string_view piece) {
      output.append(piece);
      return true;
    });
  }
  callbacks.rethrow();
  return {decode(output), decode(result.error), static_cast<int>(result.exit)};
}

std::tuple<py::str, py::str, int> summariseReports(const std::vector<std::string>& words) {
  Callbacks callbacks{py::none(), py::none()};
  std::string output;
  CommandResult result;
  {
    py::gil_scoped_release unlocked;
    result = execSummary(words, {}, callbacks.host(), [&output](std::string_view piece) {
      output.append(piece);
      return true;
    });
  }
  callbacks.rethrow();
  return {decode(output), decode(result.error), static_cast<int>(result.exit)};
}

py::object toPython(const Failure& failure) {
  return py::module_::import("parked.errors")
      .attr("Error")(decode(failure.message), static_cast<int>(failure.exit));
}

}  // namespace parked::python
