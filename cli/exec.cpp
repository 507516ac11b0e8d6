#include "exec.h"

#include <algorithm>
#include <unistd.h>

#include "arguments.h"
#include "parked/exec.h"
#include "terminal.h"

namespace parked::cli {

bool isExec(const std::vector<std::string>& words) {
  return !words.empty() && words.front() == "exec";
}

int exec(const std::vector<std::string>& words) {
  // What stands behind -- is the program's.
  const auto end = std::ranges::find(words, "--");
  Arguments arguments;
  std::string error;
  if (!parseArguments({words.begin(), end}, arguments, error)) {
    complain(error);
    return static_cast<int>(Exit::unusable);
  }
  if (arguments.help) {
    writeOut(commandHelp(arguments.helpTopic));
    return static_cast<int>(Exit::clean);
  }
  std::vector<std::string> command = arguments.command;
  command.insert(command.end(), end, words.end());
  error = parked::exec(arguments.open, command, styleFor(arguments, STDERR_FILENO), writeError,
                       complain);
  complain(error);
  return static_cast<int>(Exit::unusable);
}

}  // namespace parked::cli
