#include "manual.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <string_view>

#include "arguments.h"
#include "parked/parked.h"
#include "verbs.h"

#ifndef PARKED_DATE
#define PARKED_DATE "1970-01-01"
#endif

namespace parked::cli {

namespace {

/// Text as roff takes it: no character has a meaning, and no line is a request.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool lineStart = out.empty() || out.back() == '\n';
    if (lineStart && c == '.') out += "\\&";
    switch (c) {  // what a typesetter would make something nicer of
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// "-n, --limit N": flags in bold, values in italics.
std::string optionHead(std::string_view name) {
  std::string out;
  for (std::string word : splitWords(name)) {
    const bool comma = word.ends_with(',');
    if (comma) word.pop_back();
    if (!out.empty()) out += ' ';
    out += fmt::format("\\f{}{}\\fR{}", word.starts_with('-') ? 'B' : 'I', roff(word),
                       comma ? "," : "");
  }
  return out;
}

/// Lines that begin with a space are a table, and stay as they are.
std::string optionText(std::string_view text) {
  std::string out;
  bool table = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const bool row = line.starts_with(' ');
    if (row != table) out += row ? ".nf\n" : ".fi\n";
    table = row;
    out += roff(row ? line.substr(line.find_first_not_of(' ')) : line) + "\n";
  }
  return out + (table ? ".fi\n" : "");
}

void addOptions(std::string& page, const std::vector<OptionHelp>& options) {
  if (options.empty()) return;
  page += ".SH OPTIONS\n";
  for (const OptionHelp& option : options) {
    page += fmt::format(".TP\n{}\n{}", optionHead(option.name), optionText(option.text));
  }
}

void addHead(std::string& page, std::string_view name, std::string_view summary,
             const std::vector<std::string>& synopses) {
  std::string title(name);
  std::ranges::transform(title, title.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  page += fmt::format(".TH {} 1 {} \"parked {}\" \"parked\"\n.nh\n.ad l\n", roff(title),
                      PARKED_DATE, version());
  page += fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", roff(name), roff(summary));
  bool first = true;
  for (const std::string& synopsis : synopses) {
    page += fmt::format("{}\\fBparked\\fR {}\n", first ? "" : ".br\n", roff(synopsis));
    first = false;
  }
}

std::string programPage() {
  std::string page;
  std::vector<std::string> synopses;
  for (const Form& form : forms()) synopses.emplace_back(form.words);
  addHead(page, "parked", "goroutine-leak reports from cores and live processes of Go programs",
          synopses);
  page +=
      ".SH DESCRIPTION\n"
      "Opens a core file or a live process of a Go program and tells which goroutines are stuck,\n"
      "on what, since when, and where in the code.\n"
      "Nothing runs inside the target, and nothing is written to it.\n"
      "The executable of a core is found from its notes, if it is not named.\n"
      "A live process is stopped only while its memory is copied.\n"
      ".SH COMMANDS\n";
  for (const CommandHelp& each : commands()) {
    page += fmt::format(
        ".TP\n\\fB{}\\fR {}\n{}\n", roff(each.name),
        roff(each.synopsis.substr(std::min(each.name.size() + 1, each.synopsis.size()))),
        roff(each.summary));
  }
  addOptions(page, programOptions());
  page += ".SH EXIT STATUS\n" + roff(exitCodes());
  page +=
      ".SH EXAMPLES\n.nf\n"
      "parked core ./service core.1234\n"
      "parked 1234 report \\-\\-fail\\-on suspect\n"
      "coredumpctl debug \\-\\-debugger=parked service\n"
      ".fi\n.SH SEE ALSO\n";
  std::string see;
  for (const std::string& name : manualPages()) {
    if (name != "parked") see += fmt::format("{}.BR {} (1)", see.empty() ? "" : " ,\n", roff(name));
  }
  return page + see + "\n";
}

}  // namespace

std::vector<std::string> manualPages() {
  std::vector<std::string> names = {"parked"};
  for (const CommandHelp& each : commands()) {
    if (each.name != "help") names.push_back("parked-" + each.name);
  }
  return names;
}

std::string manualPage(const std::string& command) {
  if (command.empty()) return programPage();
  const std::optional<CommandHelp> at = commandNamed(command);
  if (!at) return "";
  const bool alone = standsAlone(command);
  const std::string target = command == "watch" ? "watch PID [options]"
                             : alone            ? at->synopsis
                                                : "TARGET " + at->synopsis;
  std::string page;
  addHead(page, "parked-" + command, at->summary, {target});
  page += ".SH DESCRIPTION\n" + roff(at->text.empty() ? at->summary : at->text) + "\n";
  if (!alone) {
    page +=
        ".PP\nTARGET is a core, with its executable in front of it or without, or the id of a\n"
        "process, as in\n.BR parked (1).\n";
  }
  addOptions(page, commandOptions(command));
  return page + ".SH SEE ALSO\n.BR parked (1)\n";
}

bool manualCommand(const std::vector<std::string>& words, std::string& out, std::string& error) {
  if (words.size() > 2) {
    error = "man takes one command: parked man report";
  } else if (words.size() == 2 && words[1] == "--list") {
    for (const std::string& name : manualPages()) out += name + "\n";
  } else {
    out = manualPage(words.size() == 2 ? words[1] : "");
    if (out.empty()) error = checkCommand({"help", words[1]});
  }
  return error.empty();
}

}  // namespace parked::cli
