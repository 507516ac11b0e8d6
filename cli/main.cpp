// The `parked` program.

#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

#include "arguments.h"
#include "complete.h"
#include "exec.h"
#include "manual.h"
#include "mcp.h"
#include "parked/doctor.h"
#include "parked/exec.h"
#include "parked/handler.h"
#include "parked/parked.h"
#include "progress.h"
#include "terminal.h"
#include "watch.h"

namespace parked::cli {

namespace {

int code(Exit exit) { return static_cast<int>(exit); }

/// What Session::run and diff() say besides their output.
int finish(const CommandResult& result) {
  writeError(result.timings);
  if (!result.error.empty()) {
    complain(interrupted() ? "interrupted" : result.error);
  } else if (result.interrupted) {
    complain("interrupted: this is what was read until then");
  }
  return code(result.exit);
}

/// Of no target: the words need none in front.
int explain(const std::vector<std::string>& words) {
  if (const std::string error = checkCommand(words); !error.empty()) {
    complain(error);
    return code(Exit::unusable);
  }
  writeOut(helpAsked(words));
  return code(Exit::clean);
}

/// A command that makes text of its words alone.
int print(bool (*make)(const std::vector<std::string>&, std::string&, std::string&),
          const std::vector<std::string>& words) {
  std::string text, error;
  if (!make(words, text, error)) {
    complain(error);
    return code(Exit::unusable);
  }
  writeOut(text);
  return code(Exit::clean);
}

/// Behind `parked doctor`.
int examine(const std::vector<std::string>& words) {
  std::int32_t pid = 0;
  if (words.size() != 2 || !readPid(words[1], pid)) {
    complain("doctor needs the id of a process: parked doctor PID");
    return code(Exit::unusable);
  }
  const CommandResult result = doctor(pid);
  writeOut(result.output);
  return finish(result);
}

/// Called by the kernel: what the program's own options are nobody has read, as the name of the
/// process that died may look like one.
int handleCrash(const std::vector<std::string>& words) {
  if (const std::string help = helpAsked(words); !help.empty()) {
    writeOut(help);
    return code(Exit::clean);
  }
  Host host;
  host.cancelled = interrupted;
  const CommandResult result = handle(words, STDIN_FILENO, host);
  if (!result.output.empty()) complain(result.output);
  return finish(result);
}

int summarise(const Arguments& arguments) {
  Host host;
  host.cancelled = interrupted;
  return finish(
      execSummary(arguments.command, styleFor(arguments), host, [](std::string_view text) {
        writeOut(text);
        return true;
      }));
}

/// diff and dump, which open what they read themselves.
int runOpening(const Arguments& arguments, decltype(parked::diff)* command) {
  ProgressLine progress;
  Host host;
  host.progress = [&progress](std::string_view stage, std::uint64_t done, std::uint64_t total) {
    progress.update(stage, done, total);
  };
  host.cancelled = interrupted;
  const CommandResult result = command(arguments.open, arguments.command, styleFor(arguments), host,
                                       [&progress](std::string_view text) {
                                         progress.clear();
                                         writeOut(text);
                                         return true;
                                       });
  progress.clear();
  return finish(result);
}

/// What no target is opened for; nullopt if the words are something else.
std::optional<int> runWithoutTarget(const std::vector<std::string>& words) {
  const std::string first = words.empty() ? "" : words.front();
  if (first == "explain") return explain(words);
  if (first == "doctor") return examine(words);
  if (first == "handler") return handleCrash(words);
  if (first == "completion") return print(completionCommand, words);
  if (first == "man") return print(manualCommand, words);
  if (first == "mcp") return mcp(words);
  if (first != "__complete") return std::nullopt;
  writeOut(completionLines({words.begin() + 1, words.end()}));
  return code(Exit::clean);
}

int run(const std::vector<std::string>& words) {
  if (const auto done = runWithoutTarget(words)) return *done;
  Arguments arguments;
  std::string error;
  if (!parseArguments(words, arguments, error)) {
    complain(error);
    return code(Exit::unusable);
  }
  if (arguments.version) {
    writeOut("parked " + std::string(version()) + "\n");
    return code(Exit::clean);
  }
  if (arguments.help) {
    writeOut(arguments.helpTopic.empty() ? programHelp() : commandHelp(arguments.helpTopic));
    return code(Exit::clean);
  }
  const std::string first = arguments.command.empty() ? "" : arguments.command.front();
  if (first == "watch") return watch(arguments);
  if (first == "diff") return runOpening(arguments, parked::diff);
  if (first == "dump") return runOpening(arguments, parked::dump);
  if (first == "exec-summary") return summarise(arguments);
  // Before anything slow is read.
  if (error = checkCommand(arguments.command); !error.empty()) {
    complain(error);
    return code(Exit::unusable);
  }
  if (const std::string help = helpAsked(arguments.command); !help.empty()) {
    writeOut(help);
    return code(Exit::clean);
  }

  arguments.open.resources = arguments.open.proof || needsResources(arguments.command);
  ProgressLine progress;
  Host host;
  host.progress = [&progress](std::string_view stage, std::uint64_t done, std::uint64_t total) {
    progress.update(stage, done, total);
  };
  host.cancelled = interrupted;
  const Session::Opened opened = Session::open(arguments.open, host);
  progress.clear();
  if (opened.session == nullptr) {
    complain(interrupted() ? "interrupted" : opened.error);
    return code(Exit::unusable);
  }
  const CommandResult result = opened.session->run(arguments.command, styleFor(arguments),
                                                   [&progress](std::string_view text) {
                                                     progress.clear();
                                                     writeOut(text);
                                                     return true;
                                                   });
  progress.clear();
  return finish(result);
}

}  // namespace

}  // namespace parked::cli

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (parked::cli::isExec(words)) return parked::cli::exec(words);
  parked::cli::catchInterrupts();
  return parked::cli::run(words);
}
