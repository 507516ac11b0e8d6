#include "state.h"

#include <algorithm>
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

bool asksForHelp(const std::vector<std::string>& words) {
  return words.front() == "help" || std::any_of(words.begin(), words.end(), [](const auto& word) {
           return word == "-h" || word == "--help";
         });
}

/// Sets a value for as long as it lives.
class Current {
 public:
  Current(lldb::SBDebugger*& slot, lldb::SBDebugger& debugger) : slot_(slot) { slot_ = &debugger; }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;
  ~Current() { slot_ = nullptr; }

 private:
  lldb::SBDebugger*& slot_;
};

}  // namespace

Host State::host() {
  Host host;
  host.cancelled = [this] { return debugger_ != nullptr && debugger_->InterruptRequested(); };
  return host;
}

bool State::open(const Held& held, bool force, std::string& error) {
  if (session_ && held == held_ && force == forced_) return true;
  session_.reset();
  access_.reset();

  OpenRequest request;
  request.executable = held.executable;
  request.force = force;
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
  Session::Opened opened = Session::open(request, host());
  if (!opened.session) {
    error = opened.error;
    access_.reset();
    return false;
  }
  session_ = std::move(opened.session);
  held_ = held;
  forced_ = force;
  return true;
}

void State::run(lldb::SBDebugger& debugger, std::vector<std::string> words, std::string& output,
                std::string& error) {
  const Current current(debugger_, debugger);
  const bool force = std::erase(words, "--force") > 0;
  if (asksForHelp(words)) {
    output = commandHelp(words.front() != "help" ? words.front()
                         : words.size() > 1      ? words[1]
                                                 : "");
    if (output.empty()) error = "there is no such command";
    return;
  }
  error = checkCommand(words);  // before a target is opened for nothing
  if (!error.empty()) return;
  Held held;
  if (!describeHeld(debugger, held, error) || !open(held, force, error)) return;
  CommandResult result = session_->run(words, styleOf(debugger));
  output = std::move(result.output) + result.timings;
  error = std::move(result.error);
  if (session_->interrupted()) session_.reset();
}

}  // namespace parked::lldb_plugin
