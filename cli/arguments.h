// The command line of the `parked` program: what to open, how it should look, and the command,
// whose own options are left to the library.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parked/parked.h"

namespace parked::cli {

enum class ColorWhen { automatic, always, never };

struct Arguments {
  OpenRequest open;
  std::vector<std::string> command;  ///< {"report", "--limit", "5"}; {} means report
  std::string prefix;                ///< "parked core BIN CORE": how to call it again
  ColorWhen color = ColorWhen::automatic;
  int width = -1;  ///< --width; -1: the terminal's
  bool help = false;
  bool version = false;
  std::string helpTopic;  ///< with help: the command it is about, "" for the program
};

/// False with one clear line in `error` when the words make no sense.
bool parseArguments(const std::vector<std::string>& words, Arguments& out, std::string& error);

/// The id of a process; false if the word is none.
bool readPid(const std::string& word, std::int32_t& pid);

/// "-n", "--limit"; not "-" alone.
bool isOption(std::string_view word);
/// The command of the library with that name.
std::optional<CommandHelp> commandNamed(std::string_view name);

/// The text of `parked --help`.
std::string programHelp();
/// The options that are none of a command.
std::vector<OptionHelp> programOptions();

}  // namespace parked::cli
