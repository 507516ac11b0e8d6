// The `parked` program.

#include <string>
#include <vector>

#include "arguments.h"
#include "parked/parked.h"
#include "progress.h"
#include "terminal.h"
#include "watch.h"

namespace parked::cli {

namespace {

int code(Exit exit) { return static_cast<int>(exit); }

int run(const std::vector<std::string>& words) {
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
  if (!arguments.command.empty() && arguments.command.front() == "watch") return watch(arguments);
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
  writeError(result.timings);
  if (!result.error.empty()) {
    complain(result.error);
  } else if (result.interrupted) {
    complain("interrupted: this is what was read until then");
  }
  return code(result.exit);
}

}  // namespace

}  // namespace parked::cli

int main(int argc, char** argv) {
  parked::cli::catchInterrupts();
  return parked::cli::run(std::vector<std::string>(argv + 1, argv + argc));
}
