#include "verbs.h"

#include <algorithm>
#include <array>

namespace parked::cli {

namespace {

constexpr std::array kForms = {
    Form{"core BIN CORE [COMMAND ...]", "a core file and its executable"},
    Form{"CORE [COMMAND ...]", "the executable is found from the core's notes"},
    Form{"PID [COMMAND ...]", "a live process, stopped while it is copied"},
    Form{"watch PID [--every 10s]", "the same, again and again: which groups grow"},
    Form{"dump PID -o FILE", "a core of what a report needs, of a process or a core"},
    Form{"diff A B", "two of these, or JSON reports: what is new"},
    Form{"exec -- PROGRAM ARGS", "runs a program and looks at it as it exits"},
    Form{"exec-summary DIR", "what all left of which exec --report-dir kept reports"},
    Form{"handler --dir DIR ...", "what the kernel calls when a process dies"},
    Form{"explain [RULE]", ""},
    Form{"doctor PID", "whether that can be read, and if not, what to change"},
    Form{"completion SHELL", "for bash, zsh or fish: the completion of parked"},
    Form{"man [COMMAND]", "the manual page, for man -l -"},
    Form{"mcp", "tools for agents (needs pip install parked[mcp])"},
};

constexpr std::array kVerbs = {
    Verb{"core", "a core file, with its executable in front of it or without", true},
    Verb{"doctor", "whether a live process can be read"},
    Verb{"completion", "the completion of parked for a shell"},
    Verb{"man", "the manual page"},
    Verb{"mcp", "tools for agents and editors"},
};

constexpr std::array<std::string_view, 7> kAlone = {"watch",   "diff",    "exec", "exec-summary",
                                                    "handler", "explain", "help"};

constexpr std::array<std::string_view, 2> kLeading = {"watch", "dump"};

}  // namespace

std::span<const Form> forms() { return kForms; }

std::span<const Verb> verbs() { return kVerbs; }

const Verb* verbNamed(std::string_view word) {
  const auto* verb = std::ranges::find(kVerbs, word, &Verb::name);
  return verb == kVerbs.end() ? nullptr : verb;
}

bool standsAlone(std::string_view command) {
  return std::ranges::find(kAlone, command) != kAlone.end();
}

bool mayLead(std::string_view command) {
  return std::ranges::find(kLeading, command) != kLeading.end();
}

std::string_view exitCodes() {
  return "Exit code: 0 clean, 1 findings at or above --fail-on, 2 usage error or unreadable "
         "input,\n"
         "3 the report is incomplete, or it could not be proved that --fail-on finds nothing. "
         "Ctrl-C\n"
         "gives the report of what was read so far (3), a second one ends it at once.\n";
}

}  // namespace parked::cli
