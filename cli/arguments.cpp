#include "arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <unistd.h>

#include "verbs.h"

namespace parked::cli {

bool isOption(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

std::optional<CommandHelp> commandNamed(std::string_view name) {
  const std::vector<CommandHelp> all = commands();
  const auto at = std::ranges::find(all, name, &CommandHelp::name);
  return at == all.end() ? std::nullopt : std::optional(*at);
}

namespace {

bool isCommand(const std::string& word) { return commandNamed(word).has_value(); }

bool isNumber(const std::string& word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
}

bool isFile(const std::string& word) { return access(word.c_str(), F_OK) == 0; }

/// "parked BIN CORE", as gdb takes it.
bool binaryAndCore(const std::vector<std::string>& words) {
  return words.size() > 1 && !isOption(words[1]) && !isCommand(words[1]) && isFile(words[0]) &&
         isFile(words[1]);
}

/// The words of options that need more than CLI11's own conversion, as they were given.
struct OwnWords {
  std::string color, width, maxPause, core;
  bool noStop = false, noProof = false;
  std::vector<std::string> rest = {};  ///< all that is no option of the program
};

template <std::string OwnWords::* Word>
void takeWord(CLI::App& app, const char* flags, Arguments&, OwnWords& words) {
  app.add_option(flags, words.*Word);
}
template <bool OwnWords::* Flag>
void takeFlag(CLI::App& app, const char* flags, Arguments&, OwnWords& words) {
  app.add_flag(flags, words.*Flag);
}

struct OwnRow {
  std::string_view name, text;  ///< of the help; the text's lines are broken
  const char* flags;            ///< as CLI11 takes them
  void (*add)(CLI::App& app, const char* flags, Arguments& out, OwnWords& words);
  std::string_view values = {};  ///< those its value is one of, with spaces between
};

constexpr std::array kOwnOptions = {
    OwnRow{"--exe FILE", "the executable, when it is not where the core or /proc says", "--exe",
           [](CLI::App& app, const char* flags, Arguments& out, OwnWords&) {
             app.add_option(flags, out.open.executable);
           }},
    OwnRow{"-c, --core FILE", "the core, as coredumpctl debug --debugger=parked names it",
           "-c,--core", takeWord<&OwnWords::core>},
    OwnRow{"--sysroot DIR", "the core's files are below DIR: where it was, or an unpacked image",
           "--sysroot",
           [](CLI::App& app, const char* flags, Arguments& out, OwnWords&) {
             app.add_option(flags, out.open.sysroots)->allow_extra_args(false);
           }},
    OwnRow{"--debug-dir DIR",
           "the core's files are in DIR under any name: told by Go's build id or\n"
           "the GNU one, also as DIR/.build-id/xx/yyyy",
           "--debug-dir",
           [](CLI::App& app, const char* flags, Arguments& out, OwnWords&) {
             app.add_option(flags, out.open.debugFolders)->allow_extra_args(false);
           }},
    OwnRow{"--debuginfod", "ask the servers of DEBUGINFOD_URLS for them, by GNU build id",
           "--debuginfod",
           [](CLI::App& app, const char* flags, Arguments& out, OwnWords&) {
             app.add_flag(flags, out.open.debuginfod);
           }},
    OwnRow{"--force", "go on although core and executable do not belong together", "--force",
           [](CLI::App& app, const char* flags, Arguments& out, OwnWords&) {
             app.add_flag(flags, out.open.force);
           }},
    OwnRow{"--max-pause TIME",
           "let the live process go after TIME (50ms; 0: no bound; the default is\n"
           "1s); what was not copied by then is missing, and said to be",
           "--max-pause", takeWord<&OwnWords::maxPause>},
    OwnRow{"--no-stop", "do not stop the live process: nothing is proved then", "--no-stop",
           takeFlag<&OwnWords::noStop>},
    OwnRow{"--no-proof",
           "do not look for goroutines that nothing can reach any more: faster;\n"
           "goroutines, channels and locks need no copy of the heap then",
           "--no-proof", takeFlag<&OwnWords::noProof>},
    OwnRow{"--color WHEN", "auto (a terminal, and NO_COLOR is not set), always, never", "--color",
           takeWord<&OwnWords::color>, "auto always never"},
    OwnRow{"--width N", "fit lines to N columns; 0: do not (the terminal's)", "--width",
           takeWord<&OwnWords::width>},
    OwnRow{"--version", "print the version", "--version",
           [](CLI::App& app, const char* flags, Arguments& out, OwnWords&) {
             app.add_flag(flags, out.version);
           }},
    OwnRow{"-h, --help", "this text; behind a command, the command's options", "-h,--help",
           [](CLI::App& app, const char* flags, Arguments& out, OwnWords&) {
             app.add_flag(flags, out.help);
           }},
};

/// Commands with words of their own in place of a core or process in front of them.
constexpr std::array<std::string_view, 3> kOfNoTarget = {"diff", "exec", "exec-summary"};

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
  if (const auto given = parseDuration(text)) {
    pause = *given;
    return true;
  }
  error = fmt::format("--max-pause '{}': expected a duration such as 50ms, 2s, or 0 for no bound",
                      text);
  return false;
}

bool readOptions(const std::vector<std::string>& words, Arguments& out, OwnWords& given,
                 std::string& error) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  for (const OwnRow& row : kOwnOptions) row.add(app, row.flags, out, given);
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::Error& problem) {
    error = problem.what();
    error.resize(std::min(error.find('\n'), error.size()));
    return false;
  }
  out.open.stop = !given.noStop;
  out.open.proof = !given.noProof;
  given.rest = app.remaining();
  return true;
}

/// "parked report --help", "parked CORE report --help", "parked help report". False where the
/// topic is no command.
bool readHelpTopic(const std::vector<std::string>& rest, bool asked, Arguments& out,
                   std::string& error) {
  const auto topic = std::find_if(rest.begin(), rest.end(), isCommand);
  if (topic != rest.end()) out.helpTopic = *topic;
  if (asked && topic == rest.end() && !rest.empty()) error = checkCommand({"help", rest.front()});
  return error.empty();
}

/// "BIN -c CORE", as gdb has it, becomes "core BIN CORE".
void putCoreFirst(const std::string& core, std::vector<std::string>& rest) {
  // With --debugger-arguments, coredumpctl puts the command first: "report --all BIN -c CORE".
  const bool commandFirst = !rest.empty() && isCommand(rest.front());
  if (commandFirst && !mayLead(rest.front()) && rest.back().starts_with('/')) {
    std::rotate(rest.begin(), rest.end() - 1, rest.end());
  }
  const bool binary = !rest.empty() && !isOption(rest.front()) && !isCommand(rest.front());
  rest.insert(rest.begin() + (binary ? 1 : 0), core);
  rest.insert(rest.begin(), "core");
}

/// Why the words do not begin with something to read; empty if they do.
std::string noTarget(const std::vector<std::string>& rest) {
  if (rest.empty()) {
    return "nothing to read: parked core BIN CORE, parked CORE, or parked PID (see parked --help)";
  }
  const std::string& first = rest.front();
  if (isOption(first)) {
    const bool known = checkCommand({"report", first}).find("not know") == std::string::npos;
    return known ? fmt::format("{0} belongs to a command: parked CORE report {0}", first)
                 : fmt::format("there is no option {} (see parked --help)", first);
  }
  if (first == "watch") return "watch needs a live process: parked watch PID";
  if (isCommand(first)) {
    return fmt::format("{0} of what? Name the core or process first: parked CORE {0}", first);
  }
  if (const std::string other = checkCommand({first});
      !isFile(first) && other.find("Did you mean") != std::string::npos) {
    return fmt::format("there is no file '{}', and {}", first, other);
  }
  return {};
}

/// The options as they go into a command line that somebody can type again.
std::string optionsText(const Arguments& arguments, const std::string& executable,
                        const OwnWords& given) {
  std::string text;
  if (!executable.empty()) text += " --exe " + shellWord(executable);
  for (const std::string& each : arguments.open.sysroots) text += " --sysroot " + shellWord(each);
  for (const std::string& each : arguments.open.debugFolders) {
    text += " --debug-dir " + shellWord(each);
  }
  if (arguments.open.debuginfod) text += " --debuginfod";
  if (arguments.open.force) text += " --force";
  if (given.noStop) text += " --no-stop";
  if (!given.maxPause.empty()) text += " --max-pause " + shellWord(given.maxPause);
  if (given.noProof) text += " --no-proof";
  return text;
}

}  // namespace

bool readPid(const std::string& word, std::int32_t& pid) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), pid);
  return error == std::errc() && end == word.data() + word.size() && pid > 0;
}

bool parseArguments(const std::vector<std::string>& words, Arguments& out, std::string& error) {
  OwnWords given;
  if (!readOptions(words, out, given, error)) return false;
  if (out.version) return true;
  std::vector<std::string>& rest = given.rest;
  const bool asked = !rest.empty() && rest.front() == "help";
  if (asked) {
    out.help = true;
    rest.erase(rest.begin());
  }
  if (out.help) return readHelpTopic(rest, asked, out, error);
  if (!readColor(given.color, out.color, error) || !readWidth(given.width, out.width, error) ||
      !readMaxPause(given.maxPause, out.open.maxPause, error)) {
    return false;
  }
  if (!given.core.empty()) putCoreFirst(given.core, rest);
  if (!rest.empty() && std::ranges::find(kOfNoTarget, rest.front()) != kOfNoTarget.end()) {
    out.command = rest;
    out.prefix = "parked";
    return true;
  }
  // "parked watch PID" reads better than "parked PID watch", and is the same.
  const bool leads = rest.size() > 1 && mayLead(rest.front());
  if (leads && (isNumber(rest[1]) || (rest.front() != "watch" && isFile(rest[1])))) {
    std::swap(rest[0], rest[1]);
  }
  error = noTarget(rest);
  if (!error.empty()) return false;
  const std::string chosen = out.open.executable;
  if (!readTarget(rest, out, error)) return false;
  out.prefix += optionsText(out, chosen, given);
  return true;
}

std::string programHelp() {
  std::string options;
  for (const OwnRow& row : kOwnOptions) {
    std::string text(row.text);
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; ++at) {
      text.replace(at, 1, "\n" + std::string(24, ' '));
    }
    options += fmt::format("  {:<22}{}\n", row.name, text);
  }
  std::string uses;
  for (const Form& form : forms()) {
    if (!form.text.empty()) uses += fmt::format("  parked {:<29} {}\n", form.words, form.text);
  }
  return fmt::format(
      "parked {}: why is it parked? Goroutine-leak reports from cores and live processes of Go\n"
      "programs, without touching the program.\n"
      "\n"
      "{}"
      "\n"
      "{}\n"
      "Options:\n{}\n"
      "{}",
      version(), uses, commandHelp(""), options, exitCodes());
}

std::vector<OptionHelp> programOptions() {
  std::vector<OptionHelp> all;
  for (const OwnRow& row : kOwnOptions) {
    all.push_back({std::string(row.name), std::string(row.text), splitWords(row.values)});
  }
  return all;
}

}  // namespace parked::cli
