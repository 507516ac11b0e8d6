#include "state.h"

#include <cstdlib>
#include <unistd.h>

#include "access.h"

namespace parked::lldb_plugin {
namespace {

Style styleOf(lldb::SBDebugger& debugger) {
  Style style;
  if (isatty(STDOUT_FILENO) == 0) return style;
  const char* noColor = std::getenv("NO_COLOR");
  style.color = debugger.GetUseColor() && (noColor == nullptr || *noColor == '\0');
  style.width = static_cast<int>(debugger.GetTerminalWidth());
  return style;
}

/// Sets a pointer for as long as it lives.
template <class T>
class Current {
 public:
  Current(T*& slot, T& value) : slot_(slot) { slot_ = &value; }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;
  ~Current() { slot_ = nullptr; }

 private:
  T*& slot_;
};

}  // namespace

Host State::host() {
  Host host;
  host.cancelled = [this] { return debugger_ != nullptr && debugger_->InterruptRequested(); };
  host.progress = [this](std::string_view stage, std::uint64_t done, std::uint64_t total) {
    if (progress_ != nullptr) progress_->update(stage, done, total);
  };
  return host;
}

bool State::open(const Held& held, const OpeningWords& opening, std::string& error) {
  if (session_ && held == held_ && opening == opening_) return true;
  session_.reset();
  access_.reset();

  OpenRequest request;
  request.executable = held.executable;
  opening.applyTo(request);
  if (held.kind == Held::Kind::core) {
    request.core = held.core;
  } else {
    access_ = std::make_unique<DebuggerAccess>(makeAccess(debugger_->GetSelectedTarget()));
    request.debugger = access_.get();
    if (held.kind == Held::Kind::process) {
      request.pid = held.pid;
      request.alreadyStopped = true;
    }
  }
  Progress progress(*debugger_);
  const Current current(progress_, progress);
  Session::Opened opened = Session::open(request, host());
  if (!opened.session) {
    error = opened.error;
    access_.reset();
    return false;
  }
  session_ = std::move(opened.session);
  held_ = held;
  moves_.listenTo(debugger_->GetSelectedTarget().GetProcess());
  return true;
}

void State::forget() {
  const std::lock_guard lock(mutex_);
  session_.reset();
  access_.reset();
}

void State::run(lldb::SBDebugger& debugger, std::vector<std::string> words, Output& output,
                std::string& error) {
  const std::lock_guard lock(mutex_);
  const Current current(debugger_, debugger);
  OpeningWords opening;
  error = takeOpeningWords(words, opening);
  if (error.empty()) error = checkCommand(words);  // before a target is opened for nothing
  if (!error.empty()) return;
  if (const std::string help = helpAsked(words); !help.empty()) {
    output.write(help);
    return;
  }
  Held held;
  if (!describeHeld(debugger, held, error)) {
    session_.reset();
    return;
  }
  // Where files may be holds until something else is said.
  if (!opening.hasPlaces()) {
    const bool force = opening.force;
    opening = opening_;
    opening.force = force;
  }
  const bool opened = open(held, opening, error);
  opening_ = opening;
  if (!opened) return;
  const CommandResult result = session_->run(
      words, styleOf(debugger), [&output](std::string_view text) { return output.write(text); });
  output.write(result.timings);
  error = result.error;
  if (session_->interrupted()) session_.reset();
}

}  // namespace parked::lldb_plugin
