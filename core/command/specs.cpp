#include "command/specs.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "parked/parked.h"

namespace parked::command {

namespace {

constexpr std::uint16_t bits(std::initializer_list<Option> options) {
  std::uint16_t all = 0;
  for (const Option option : options) all |= static_cast<std::uint16_t>(option);
  return all;
}

constexpr std::uint16_t kGoroutines =
    bits({Option::filters, Option::group, Option::limit, Option::system, Option::format,
          Option::dump, Option::verdicts, Option::module, Option::timings});

/// The commands that are no sections.
constexpr std::array kOwnSpecs = {
    Spec{
        Kind::report, "report", "[options]", "the leak report: groups of goroutines, timers",
        "One screen first: which program, how many goroutines, and groups of goroutines with the\n"
        "same stack and the same kind of object waited on, largest first, with a verdict each:\n"
        "PROVED (can never run again), ORPHAN (still runs, but nobody can stop it), SUSPECT (too\n"
        "many or too old), UNKNOWN (it could not be made sure on what it waits, or a waker was on\n"
        "its way), WAITING, RUNNING.",
        kGoroutines},
    Spec{
        Kind::watch, "watch", "[options]",
        "groups over time: which grow (in the shell: parked watch PID)",
        "Looks at a live process again and again, and at each look says of every group how many\n"
        "there are, how many more than before, how fast it grows, and how many of its goroutines\n"
        "are still parked where they were. Growing ones first. Whether one grows is told from the\n"
        "fourth look on: it has more goroutines look by look, and they stay. Ends with Ctrl-C,\n"
        "with the process, or after --count looks.",
        bits({Option::filters, Option::limit, Option::system, Option::verdicts, Option::module,
              Option::watch})},
    Spec{Kind::goroutines, "goroutines", "[options]", "one line a goroutine, or groups",
         "Lists goroutines by id: verdict, what they are blocked in, for how long at least, and "
         "the\n"
         "user's own frame. With --group, groups instead.",
         kGoroutines},
    Spec{Kind::pstree, "pstree", "[options]", "who created whom; --waits: who holds up whom",
         "The tree of goroutines by who created them, siblings that are alike as one line, "
         "creators\n"
         "that have ended as far as the living tell of them. With --waits who holds up others "
         "comes\n"
         "above them: the holder of a lock, who is to send, receive, close or call Done; circles\n"
         "are marked. The gravest and largest parts first.",
         bits({Option::filters, Option::limit, Option::system, Option::waits, Option::format,
               Option::verdicts, Option::module, Option::timings})},
    Spec{Kind::goroutine, "goroutine", "ID [options]", "one goroutine with everything known of it",
         "The verdict and why; the object waited on, its state, and who else is queued on it; the\n"
         "creators; labels; the whole stack with arguments.",
         bits({Option::argument, Option::limit, Option::format, Option::dump, Option::verdicts,
               Option::module, Option::timings})},
    Spec{Kind::why, "why", "ID [options]",
         "what keeps a blocked goroutine from being called leaked",
         "The verdict of the goroutine, and the shortest way from something that can still run to\n"
         "what it waits on, each step with the address of the word that leads on, to be looked at\n"
         "in a debugger. A goroutine that is PROVED has no such way.",
         bits({Option::argument, Option::format, Option::module, Option::timings})},
    Spec{Kind::channel, "channel", "ADDR [options]",
         "one channel with the goroutines in its queues",
         "State of the channel at the address, and the goroutines queued to send and to receive.",
         bits({Option::argument, Option::limit, Option::format, Option::module, Option::timings})},
    Spec{Kind::help, "help", "[COMMAND]", "this text, or the options of a command", "",
         bits({Option::argument})},
};

Spec specOf(const report::Section& section) {
  std::uint16_t options = bits({Option::format, Option::module, Option::timings});
  if (section.limited) options |= bits({Option::limit});
  return {Kind::section, section.name, "[options]", section.summary,
          section.text,  options,      &section};
}

/// Every section stands behind the command it names, or behind the one before it.
std::vector<Spec> allSpecs() {
  std::vector<Spec> all(kOwnSpecs.begin(), kOwnSpecs.end());
  std::string_view before;
  for (const report::Section* section : report::sections()) {
    if (!section->behind.empty()) before = section->behind;
    const auto at = std::ranges::find(all, before, &Spec::name);
    all.insert(at == all.end() ? at : at + 1, specOf(*section));
    before = section->name;
  }
  return all;
}

struct OptionHelp {
  Option option;
  std::string_view name, text;
};

/// In the order of the help; `format` alone stands for all of formatHelp().
constexpr std::array kOptionHelp = {
    OptionHelp{Option::watch, "--every TIME", "between two looks (10s), at least 100ms"},
    OptionHelp{Option::watch, "--count N", "end after N looks"},
    OptionHelp{Option::watch, "--json", "one JSON object a look, on a line of its own"},
    OptionHelp{Option::waits, "--waits", "who holds up whom, instead of who created whom"},
    OptionHelp{Option::limit, "-n, --limit N", "list at most N (0: all)"},
    OptionHelp{Option::limit, "-a, --all", "list everything"},
    OptionHelp{Option::system, "--system", "the runtime's own goroutines, too"},
    OptionHelp{Option::filters, "--with WHAT EXPR", "only goroutines where WHAT contains EXPR;"},
    OptionHelp{Option::filters, "--without WHAT EXPR", "only the others. WHAT is"},
    OptionHelp{Option::filters, "", "  userloc   the user's own frame, \"file:line function\""},
    OptionHelp{Option::filters, "", "  curloc    the innermost frame"},
    OptionHelp{Option::filters, "", "  goloc     the go statement that created it"},
    OptionHelp{Option::filters, "", "  startloc  its start function"},
    OptionHelp{Option::filters, "", "  label     a pprof label, EXPR is KEY or KEY=VALUE"},
    OptionHelp{Option::filters, "", "  reason    what it is blocked in: 'chan send'"},
    OptionHelp{Option::filters, "",
               "  verdict   proved, orphan, suspect, unknown, waiting, running"},
    OptionHelp{Option::filters, "", "  status    waiting, running, runnable, syscall, ..."},
    OptionHelp{Option::filters, "", "  user      not the runtime's own; no EXPR"},
    OptionHelp{Option::filters, "", "  running   on a thread; no EXPR"},
    OptionHelp{Option::filters, "", "EXPR between slashes is a regular expression, as Go's"},
    OptionHelp{Option::group, "--group WHAT", "group by WHAT as above, label:KEY, or stack"},
    OptionHelp{Option::verdicts, "--suspect-count N",
               "so many at one place are SUSPECT, however young (1000;"},
    OptionHelp{Option::verdicts, "", "100 do when each has been blocked for 1m)"},
    OptionHelp{Option::verdicts, "--suspect-age TIME",
               "10 that old at one place are SUSPECT, or 1 on a lock (10m)"},
    OptionHelp{Option::verdicts, "--orphan-count N",
               "so many alike that still run and nobody can stop are ORPHAN (5)"},
    OptionHelp{Option::verdicts, "--fail-on VERDICT",
               "exit code 1 if a goroutine has this verdict or a graver one;"},
    OptionHelp{Option::verdicts, "", "3 if none has, and the proof is withheld"},
    OptionHelp{Option::watch, "--fail-on growing",
               "exit code 1 if a group was growing at any look"},
    OptionHelp{Option::verdicts, "--require-proof",
               "exit code 3 if it could not be proved who can never run again"},
    OptionHelp{Option::verdicts, "--ignore-file FILE",
               "leave out what the allow-list FILE names (docs/allow-list.md)"},
    OptionHelp{Option::format, "", ""},
    OptionHelp{Option::module, "--module FILE",
               "of several Go runtimes in the process, the one of this library or program"},
    OptionHelp{Option::timings, "--timings", "where the time went"},
};

struct HelpLine {
  std::string name, text;
};

/// A flag for each format that has one, and --format.
void addFormatHelp(const Spec& spec, std::vector<HelpLine>& lines) {
  for (const report::Format* format : report::formats()) {
    if (!format->flag) continue;
    lines.push_back({fmt::format("--{}", format->name), std::string(format->help)});
  }
  lines.push_back({"--format FORMAT", formatNames(false)});
  if (!spec.has(Option::dump)) return;
  for (const report::Format* format : report::formats()) {
    if (!format->goroutinesOnly) continue;
    lines.push_back({fmt::format("--format {}", format->name), std::string(format->help)});
  }
}

/// What the help of a command says of its options.
std::vector<HelpLine> helpLines(const Spec& spec) {
  std::vector<HelpLine> lines;
  for (const OptionHelp& help : kOptionHelp) {
    if (!spec.has(help.option)) continue;
    if (help.option == Option::format) {
      addFormatHelp(spec, lines);
    } else {
      lines.push_back({std::string(help.name), std::string(help.text)});
    }
  }
  return lines;
}

std::string familyHelp() {
  std::string text = "Commands:\n";
  for (const Spec& spec : specs()) {
    text += fmt::format("  {:<24}{}\n", spec.synopsis(), spec.summary);
  }
  return text + "\n\"help COMMAND\" lists the options of a command; \"report\" is the default.\n";
}

}  // namespace

std::span<const Spec> specs() {
  static const std::vector<Spec> all = allSpecs();
  return all;
}

const Spec* findSpec(std::string_view name) {
  for (const Spec& spec : specs()) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

std::vector<std::string> optionNames(const Spec& spec) {
  std::vector<std::string> names;
  for (const HelpLine& line : helpLines(spec)) {
    const auto start = line.name.find("--");
    if (start == std::string::npos) continue;
    const std::string name = line.name.substr(start);
    names.push_back(name.substr(0, name.find(' ')));
  }
  return names;
}

std::string formatNames(bool all) {
  std::vector<std::string_view> names;
  for (const report::Format* format : report::formats()) {
    if (all || !format->goroutinesOnly) names.push_back(format->name);
  }
  const std::string_view last = names.back();
  names.pop_back();
  return fmt::format("{} or {}", fmt::join(names, ", "), last);
}

std::string helpOf(const Spec& spec) {
  std::string text =
      fmt::format("{}\n\n{}\n", spec.synopsis(), spec.text.empty() ? spec.summary : spec.text);
  const std::vector<HelpLine> lines = helpLines(spec);
  if (!lines.empty()) text += "\nOptions:\n";
  for (const HelpLine& line : lines) text += fmt::format("  {:<22}{}\n", line.name, line.text);
  return text;
}

}  // namespace parked::command

namespace parked {

std::vector<CommandHelp> commands() {
  std::vector<CommandHelp> all;
  for (const command::Spec& spec : command::specs()) {
    all.push_back({std::string(spec.name), spec.synopsis(), std::string(spec.summary)});
  }
  return all;
}

std::string commandHelp(std::string_view name) {
  if (name.empty()) return command::familyHelp();
  const command::Spec* spec = command::findSpec(name);
  return spec == nullptr ? "" : command::helpOf(*spec);
}

}  // namespace parked
