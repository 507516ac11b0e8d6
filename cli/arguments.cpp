#include "arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <unistd.h>

namespace parked::cli {

namespace {

bool isCommand(const std::string& word) {
  const auto all = commands();
  return std::any_of(all.begin(), all.end(),
                     [&word](const CommandHelp& command) { return command.name == word; });
}

bool isOption(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

bool isNumber(const std::string& word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
}

bool readPid(const std::string& word, std::int32_t& pid) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), pid);
  return error == std::errc() && end == word.data() + word.size() && pid > 0;
}

bool isFile(const std::string& word) { return access(word.c_str(), F_OK) == 0; }

/// "parked BIN CORE", as gdb takes it.
bool binaryAndCore(const std::vector<std::string>& words) {
  return words.size() > 1 && !isOption(words[1]) && !isCommand(words[1]) && isFile(words[0]) &&
         isFile(words[1]);
}

constexpr const char* kTwice = "the executable is given twice, by --exe and before the core";

/// Reads "core BIN CORE", "core CORE", "BIN CORE", "CORE" or "PID" from the front of the words;
/// what follows is the command.
bool readTarget(std::vector<std::string> words, Arguments& out, std::string& error) {
  std::size_t used = 1;
  // "parked core" and "parked core report" speak of the file the kernel calls "core".
  const bool plainCore = words.size() == 1 || isOption(words[1]) || isCommand(words[1]);
  if (words.front() == "core" && !plainCore) {
    const bool binaryGiven = words.size() > 2 && !isOption(words[2]) && !isCommand(words[2]);
    if (binaryGiven) {
      if (!out.open.executable.empty()) {
        error = kTwice;
        return false;
      }
      out.open.executable = words[1];
    }
    out.open.core = words[binaryGiven ? 2 : 1];
    used = binaryGiven ? 3 : 2;
  } else if (isNumber(words.front())) {
    if (!readPid(words.front(), out.open.pid)) {
      error = fmt::format("{} is no process id", words.front());
      return false;
    }
  } else if (binaryAndCore(words)) {
    if (!out.open.executable.empty()) {
      error = kTwice;
      return false;
    }
    out.open.executable = words[0];
    out.open.core = words[1];
    used = 2;
  } else {
    out.open.core = words.front();
  }
  if (words.size() > used && !isOption(words[used]) && !isCommand(words[used]) &&
      words[used].find_first_of("./") != std::string::npos) {
    error = isFile(words[used])
                ? fmt::format("'{}' is one file too many: parked core BIN CORE", words[used])
                : fmt::format("'{}' is no command, and there is no file of that name", words[used]);
    return false;
  }
  out.prefix = "parked";
  for (std::size_t i = 0; i < used; ++i) out.prefix += " " + shellWord(words[i]);
  out.command.assign(words.begin() + static_cast<std::ptrdiff_t>(used), words.end());
  return true;
}

bool readColor(const std::string& text, ColorWhen& color, std::string& error) {
  if (text.empty() || text == "auto") {
    color = ColorWhen::automatic;
  } else if (text == "always") {
    color = ColorWhen::always;
  } else if (text == "never") {
    color = ColorWhen::never;
  } else {
    error = fmt::format("--color '{}': expected auto, always or never", text);
    return false;
  }
  return true;
}

bool readWidth(const std::string& text, int& width, std::string& error) {
  if (text.empty()) return true;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), width);
  if (problem == std::errc() && end == text.data() + text.size() && width >= 0) return true;
  error = fmt::format("--width '{}': expected a number of columns", text);
  return false;
}

/// "50ms", "2s"; "0" is no bound.
bool readMaxPause(const std::string& text, std::chrono::nanoseconds& pause, std::string& error) {
  if (text.empty()) return true;
  if (parseDuration(text, pause)) return true;
  error = fmt::format("--max-pause '{}': expected a duration such as 50ms, 2s, or 0 for no bound",
                      text);
  return false;
}

}  // namespace

bool parseArguments(const std::vector<std::string>& words, Arguments& out, std::string& error) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::string color, width, maxPause;
  bool noStop = false, noProof = false;
  app.add_option("--exe", out.open.executable);
  app.add_flag("--force", out.open.force);
  app.add_flag("--no-stop", noStop);
  app.add_option("--max-pause", maxPause);
  app.add_flag("--no-proof", noProof);
  app.add_option("--color", color);
  app.add_option("--width", width);
  app.add_flag("-h,--help", out.help);
  app.add_flag("--version", out.version);
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::Error& problem) {
    error = problem.what();
    error.resize(std::min(error.find('\n'), error.size()));
    return false;
  }
  out.open.stop = !noStop;
  out.open.proof = !noProof;
  if (out.version) return true;
  std::vector<std::string> rest = app.remaining();
  const bool asked = !rest.empty() && rest.front() == "help";
  if (asked) {
    out.help = true;
    rest.erase(rest.begin());
  }
  if (out.help) {
    // "parked report --help", "parked CORE report --help", "parked help report".
    const auto topic = std::find_if(rest.begin(), rest.end(), isCommand);
    if (topic != rest.end()) out.helpTopic = *topic;
    if (asked && topic == rest.end() && !rest.empty()) error = checkCommand({"help", rest.front()});
    return error.empty();
  }
  if (!readColor(color, out.color, error) || !readWidth(width, out.width, error) ||
      !readMaxPause(maxPause, out.open.maxPause, error)) {
    return false;
  }
  if (rest.empty()) {
    error = "nothing to read: parked core BIN CORE, parked CORE, or parked PID (see parked --help)";
    return false;
  }
  if (isOption(rest.front())) {
    const bool known = checkCommand({"report", rest.front()}).find("not know") == std::string::npos;
    error = known ? fmt::format("{} belongs to a command: parked CORE report {}", rest.front(),
                                rest.front())
                  : fmt::format("there is no option {} (see parked --help)", rest.front());
    return false;
  }
  // "parked watch PID" reads better than "parked PID watch", and is the same.
  if (rest.front() == "watch" && rest.size() > 1 && isNumber(rest[1])) std::swap(rest[0], rest[1]);
  if (rest.front() == "watch") {
    error = "watch needs a live process: parked watch PID";
    return false;
  }
  if (isCommand(rest.front())) {
    error = fmt::format("{} of what? Name the core or process first: parked CORE {}", rest.front(),
                        rest.front());
    return false;
  }
  if (const std::string other = checkCommand({rest.front()});
      !isFile(rest.front()) && other.find("Did you mean") != std::string::npos) {
    error = fmt::format("there is no file '{}', and {}", rest.front(), other);
    return false;
  }
  const std::string chosen = out.open.executable;
  if (!readTarget(rest, out, error)) return false;
  if (!chosen.empty()) out.prefix += " --exe " + shellWord(chosen);
  if (out.open.force) out.prefix += " --force";
  if (noStop) out.prefix += " --no-stop";
  if (!maxPause.empty()) out.prefix += " --max-pause " + shellWord(maxPause);
  if (noProof) out.prefix += " --no-proof";
  return true;
}

std::string programHelp() {
  return fmt::format(
      "parked {}: why is it parked? Goroutine-leak reports from cores and live processes of Go\n"
      "programs, without touching the program.\n"
      "\n"
      "  parked core BIN CORE [COMMAND ...]   a core file and its executable\n"
      "  parked CORE [COMMAND ...]            the executable is found from the core's notes\n"
      "  parked PID [COMMAND ...]             a live process, stopped while it is copied\n"
      "  parked watch PID [--every 10s]       the same, again and again: which groups grow\n"
      "\n"
      "{}\n"
      "Options:\n"
      "  --exe FILE            the executable, when it is not where the core or /proc says\n"
      "  --force               go on although core and executable do not belong together\n"
      "  --max-pause TIME      let the live process go after TIME (50ms; 0: no bound; the default "
      "is\n"
      "                        1s); what was not copied by then is missing, and said to be\n"
      "  --no-stop             do not stop the live process: nothing is proved then\n"
      "  --no-proof            do not look for goroutines that nothing can reach any more: "
      "faster;\n"
      "                        goroutines, channels and locks need no copy of the heap then\n"
      "  --color WHEN          auto (a terminal, and NO_COLOR is not set), always, never\n"
      "  --width N             fit lines to N columns; 0: do not (the terminal's)\n"
      "  --version             print the version\n"
      "  -h, --help            this text; behind a command, the command's options\n"
      "\n"
      "Exit code: 0 clean, 1 findings at or above --fail-on, 2 usage error or unreadable input,\n"
      "3 the report is incomplete, or it could not be proved that --fail-on finds nothing. Ctrl-C\n"
      "gives the report of what was read so far (3), a second one ends it at once.\n",
      version(), commandHelp(""));
}

}  // namespace parked::cli
