#include "command/specs.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command/option_table.h"
#include "parked/parked.h"
#include "resources/resources.h"
#include "rules/rule.h"

namespace parked::command {

namespace {

constexpr std::uint32_t bits(std::initializer_list<Option> options) {
  std::uint32_t all = 0;
  for (const Option option : options) all |= static_cast<std::uint32_t>(option);
  return all;
}

constexpr std::uint32_t kGoroutines =
    bits({Option::filters, Option::group, Option::limit, Option::system, Option::format,
          Option::dump, Option::verdicts, Option::baseline, Option::orphans, Option::writeBaseline,
          Option::module, Option::timings, Option::sort, Option::source});

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
        bits({Option::filters, Option::limit, Option::system, Option::verdicts, Option::baseline,
              Option::orphans, Option::module, Option::watch})},
    Spec{Kind::goroutines, "goroutines", "[options]", "one line a goroutine, or groups",
         "Lists goroutines by id: verdict, what they are blocked in, for how long at least, and "
         "the\n"
         "user's own frame. With --group, groups instead.",
         kGoroutines | bits({Option::stacks})},
    Spec{Kind::pstree, "pstree", "[options]", "who created whom; --waits: who holds up whom",
         "The tree of goroutines by who created them, siblings that are alike as one line, "
         "creators\n"
         "that have ended as far as the living tell of them. With --waits who holds up others "
         "comes\n"
         "above them: the holder of a lock, who is to send, receive, close or call Done; circles\n"
         "are marked. The gravest and largest parts first.",
         bits({Option::filters, Option::limit, Option::system, Option::waits, Option::format,
               Option::verdicts, Option::baseline, Option::orphans, Option::module,
               Option::timings})},
    Spec{
        Kind::goroutine, "goroutine", "ID [options]", "one goroutine with everything known of it",
        "The verdict and why; the object waited on, its state, and who else is queued on it; the\n"
        "creators; labels; the whole stack with arguments.",
        bits({Option::argument, Option::limit, Option::format, Option::dump, Option::verdicts,
              Option::baseline, Option::orphans, Option::module, Option::timings, Option::source})},
    Spec{Kind::why, "why", "ID [options]",
         "what keeps a blocked goroutine from being called leaked",
         "The verdict of the goroutine, and the shortest way from something that can still run to\n"
         "what it waits on, each step with the address of the word that leads on, to be looked at\n"
         "in a debugger. A goroutine that is PROVED has no such way.",
         bits({Option::argument, Option::format, Option::baseline, Option::module, Option::timings,
               Option::source})},
    Spec{Kind::channel, "channel", "ADDR [options]",
         "one channel with the goroutines in its queues",
         "State of the channel at the address, and the goroutines queued to send and to receive.",
         bits({Option::argument, Option::limit, Option::format, Option::baseline, Option::module,
               Option::timings})},
    Spec{Kind::diff, "diff", "A B [options]",
         "what is new, gone or grown (in the shell: parked diff A B)",
         "Compares two reports by fingerprint. A and B are each a core, the id of a live process,\n"
         "or a report that was kept (--json, --jsonl); of the same process or of two builds. Of\n"
         "one process it tells, too, which goroutines are still parked on the same object. With\n"
         "--fail-on, the exit code is 1 for what is new or has grown.",
         bits({Option::diff, Option::limit, Option::verdicts, Option::baseline, Option::orphans,
               Option::module})},
    Spec{
        Kind::exec, "exec", "[options] -- PROGRAM [ARGUMENTS]",
        "runs a program and looks at it as it exits",
        "Runs the program as without parked, and looks at its goroutines the moment it is about "
        "to\n"
        "exit: go test -exec 'parked exec --fail-on orphan --' ./... checks tests for leaks. What\n"
        "is PROVED, ORPHAN or SUSPECT (or what --fail-on names) is told on stderr; if nothing is,\n"
        "nothing is said. The exit code is the program's own; with --fail-on it is 1 where that "
        "is\n"
        "0 and something was found, with --require-proof 3 where nothing could be proved.",
        bits({Option::filters, Option::limit, Option::format, Option::dump, Option::verdicts,
              Option::baseline, Option::orphans, Option::writeBaseline, Option::module,
              Option::sort, Option::source, Option::exec})},
    Spec{Kind::execSummary, "exec-summary", "DIR [options]",
         "what all programs left of which exec --report-dir kept reports",
         "Sums up the reports that `parked exec --report-dir DIR` has kept, of all packages of a\n"
         "test run: what has one fingerprint is told once, with the packages and tests that left\n"
         "it; and of how many programs something was not known. The exit code is 1 with --fail-on\n"
         "if something was left, 2 if a report cannot be read, 3 if one is incomplete.",
         bits({Option::argument, Option::summary, Option::limit})},
    Spec{Kind::dump, "dump", "-o FILE [options]",
         "a core with what a report needs (in the shell: parked dump PID -o FILE)",
         "Writes a core of a live process, which stands still for it as for a report, or of "
         "another\n"
         "core: registers, variables, stacks, the runtime's own memory and the objects that hold\n"
         "pointers; of a large object without pointers its first page. Every command reads the "
         "file,\n"
         "with the same answers; debuggers read it once it is unpacked (zstd -d), but do not see\n"
         "what was left out. Nobody sees a part of FILE: it has its name when all is written.",
         bits({Option::dumped, Option::module})},
    Spec{Kind::handler, "handler", "--dir DIR [options] PID SIGNAL TIME NAME",
         "what the kernel calls when a process dies (core_pattern)",
         "Reads the core of a process that dies, which the kernel gives on standard input, and "
         "keeps\n"
         "in DIR a report (text and JSON) and a core with what a report needs, redacted, in place "
         "of\n"
         "gigabytes: NAME.PID.TIME.core, .report.txt, .report.json. What is no program of Go is "
         "not\n"
         "kept. What was done, or why not, is in DIR/handler.log. As root:\n"
         "  sysctl -w 'kernel.core_pattern=|/usr/bin/parked handler --dir /var/lib/parked %P %s %t "
         "%e'",
         bits({Option::handled})},
    Spec{
        Kind::explain, "explain", "[RULE]", "what a rule (PK060) is about, with examples",
        "The section of docs/rules.md about the rule: the pattern, what to change, a program that\n"
        "has it and the same program without. Without a rule, a line for each.",
        bits({Option::argument})},
    Spec{Kind::help, "help", "[COMMAND]", "this text, or the options of a command", "",
         bits({Option::argument})},
};

Spec specOf(const report::Section& section) {
  std::uint32_t options = bits({Option::format, Option::baseline, Option::module, Option::timings});
  if (section.limited) options |= bits({Option::limit});
  if (section.judged) options |= bits({Option::orphans});
  if (section.showsSource) options |= bits({Option::source});
  return {Kind::section, section.name, "[options]", section.summary,
          section.text,  options,      &section};
}

/// Every section stands behind the command it names, or at the end, but in front of help.
std::vector<Spec> allSpecs() {
  std::vector<Spec> all(kOwnSpecs.begin(), kOwnSpecs.end());
  for (const report::Section* section : resources::sections()) {
    const auto before = std::ranges::find(all, section->behind, &Spec::name);
    all.insert(before == all.end() ? all.end() - 1 : before + 1, specOf(*section));
  }
  return all;
}

/// A flag for each format that has one, and --format.
void addFormatHelp(const Spec& spec, std::vector<HelpLine>& lines) {
  for (const report::Format* format : report::formats()) {
    if (!format->flag) continue;
    lines.push_back({fmt::format("--{}", format->name), std::string(format->help)});
  }
  std::vector<std::string_view> names;
  for (const report::Format* format : report::formats()) {
    if (!format->goroutinesOnly || spec.has(Option::dump)) names.push_back(format->name);
  }
  lines.push_back({"--format FORMAT", formatNames(false), std::move(names)});
  if (!spec.has(Option::dump)) return;
  for (const report::Format* format : report::formats()) {
    if (!format->goroutinesOnly) continue;
    lines.push_back({fmt::format("--format {}", format->name), std::string(format->help)});
  }
}

std::string familyHelp() {
  std::string text = "Commands:\n";
  constexpr std::size_t kColumn = 24;
  for (const Spec& spec : specs()) {
    std::string synopsis = spec.synopsis();
    // One that is too long for its column has the line to itself.
    if (synopsis.size() >= kColumn) synopsis += fmt::format("\n{:<{}}", "", kColumn + 2);
    text += fmt::format("  {:<{}}{}\n", synopsis, kColumn, spec.summary);
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

std::vector<HelpLine> helpLines(const Spec& spec) {
  std::vector<HelpLine> lines;
  for (const OptionRow& help : optionTable()) {
    if (!spec.has(help.option)) continue;
    if (help.option == Option::format) {
      addFormatHelp(spec, lines);
    } else {
      lines.push_back({std::string(help.name), std::string(help.text),
                       help.values != nullptr ? help.values() : std::vector<std::string_view>()});
    }
  }
  return lines;
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
    all.push_back({std::string(spec.name), spec.synopsis(), std::string(spec.summary),
                   std::string(spec.text)});
    if (spec.kind == command::Kind::explain) {
      for (const rules::Rule& rule : rules::rules()) all.back().words.emplace_back(rule.name);
    }
  }
  for (CommandHelp& each : all) {
    if (each.name != "help") continue;
    for (const command::Spec& spec : command::specs()) each.words.emplace_back(spec.name);
  }
  return all;
}

std::vector<OptionHelp> commandOptions(std::string_view name) {
  std::vector<OptionHelp> all;
  const command::Spec* spec = command::findSpec(name);
  if (spec == nullptr) return all;
  for (const command::HelpLine& line : command::helpLines(*spec)) {
    if (line.name.empty() && !all.empty()) {
      all.back().text += "\n" + line.text;
      continue;
    }
    all.push_back({line.name, line.text, {line.values.begin(), line.values.end()}});
  }
  return all;
}

std::string commandHelp(std::string_view name) {
  if (name.empty()) return command::familyHelp();
  const command::Spec* spec = command::findSpec(name);
  return spec == nullptr ? "" : command::helpOf(*spec);
}

}  // namespace parked
