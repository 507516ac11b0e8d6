// All Go runtimes of a target: a process may have several, as a library that was built as c-shared
// brings its own. Each has its goroutines, its heap and its ids.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "command/options.h"
#include "command/reading.h"
#include "parked/parked.h"

namespace parked::command {

class Runtimes {
 public:
  /// Of what was read already.
  static Runtimes of(std::vector<std::unique_ptr<Reading>> readings);
  /// Reads them one after the other. An error if none could be read; one that could not beside
  /// others is told by every command, and makes the answer incomplete.
  /// `held` are the threads of a process that is already stopped, where it is no debugger that
  /// tells of them.
  Result<void> open(const OpenRequest& request, const Host& host,
                    const std::vector<target::Thread>* held = nullptr);

  /// Runs a command for each, or for the one of Invocation::module.
  Result<CommandResult> run(const Invocation& invocation, const Style& style, const Sink& sink);

  std::optional<Session::Registers> registersOf(std::uint64_t goid) const;
  Reading& first() const;
  bool interrupted() const;
  /// What limits the answers, a sentence each, of all runtimes; empty: nothing.
  std::vector<std::string> limits() const;

 private:
  struct Each {
    std::string file;
    std::unique_ptr<Reading> reading;  ///< null: `error` says why
    Error error{};                     ///< without a message if it was read
  };
  using Chosen = std::vector<const Each*>;

  void add(const OpenRequest& request, const Host& host, const std::vector<target::Thread>* held);
  Result<Chosen> choose(const std::string& module) const;
  Result<CommandResult> runAll(const Chosen& chosen, const Invocation& invocation,
                               const Style& style, const Sink& sink) const;

  std::vector<Each> all_;
};

}  // namespace parked::command
