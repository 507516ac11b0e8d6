#include "command/option_table.h"

#include <CLI/CLI.hpp>
#include <array>
#include <fmt/format.h>

namespace parked::command {

namespace {

template <std::string Words::* Word>
void word(CLI::App& app, const char* flags, Invocation&, Words& words) {
  app.add_option(flags, words.*Word);
}
template <bool Words::* Flag>
void wordFlag(CLI::App& app, const char* flags, Invocation&, Words& words) {
  app.add_flag(flags, words.*Flag);
}
template <std::string Invocation::* Text>
void text(CLI::App& app, const char* flags, Invocation& out, Words&) {
  app.add_option(flags, out.*Text);
}
template <bool Invocation::* Flag>
void flag(CLI::App& app, const char* flags, Invocation& out, Words&) {
  app.add_flag(flags, out.*Flag);
}

template <auto Member>
void handlerOption(CLI::App& app, const char* flags, Invocation& out, Words&) {
  app.add_option(flags, out.handler.*Member);
}
void addWhole(CLI::App& app, const char* flags, Invocation& out, Words&) {
  app.add_flag(flags, out.handler.whole);
}
void addDebugFolders(CLI::App& app, const char* flags, Invocation& out, Words&) {
  app.add_option(flags, out.debugFolders)->allow_extra_args(false);
}

/// Delve's: alone, or with a number behind it.
void addStacks(CLI::App& app, const char* flags, Invocation&, Words& words) {
  constexpr const char* kCalls = "10";
  app.add_option_function<std::vector<std::string>>(
         flags,
         [&words](const std::vector<std::string>& given) {
           words.stacks = given.empty() || given.front().empty() ? kCalls : given.front();
         })
      ->expected(0, 1);
}

/// As often as somebody likes, with one word each.
void addSourcePaths(CLI::App& app, const char* flags, Invocation&, Words& words) {
  app.add_option(flags, words.sourcePaths)->allow_extra_args(false);
}

void addFormats(CLI::App& app, const char* flags, Invocation&, Words& words) {
  for (const report::Format* each : report::formats()) {
    if (!each->flag) continue;
    app.add_flag_callback(fmt::format("--{}", each->name),
                          [&words, each] { words.flagged = each; });
  }
  app.add_option(flags, words.format);
}

std::vector<std::string_view> verdictValues() {
  return {"proved", "orphan", "suspect", "unknown", "waiting", "running"};
}
std::vector<std::string_view> growingValue() { return {"growing"}; }
std::vector<std::string_view> propertyValues() { return query::propertyNames(); }
std::vector<std::string_view> groupValues() {
  std::vector<std::string_view> all = query::propertyNames();
  all.insert(all.begin(), "stack");
  return all;
}
std::vector<std::string_view> sortValues() { return report::sortKeys(false); }

constexpr std::array kTable = {
    OptionRow{Option::watch, "--every TIME", "between two looks (10s), at least 100ms", "--every",
              word<&Words::every>},
    OptionRow{Option::watch, "--count N", "end after N looks", "--count", word<&Words::count>},
    OptionRow{Option::watch, "--json", "one JSON object a look, on a line of its own",
              "--json,--jsonl", wordFlag<&Words::lines>},
    OptionRow{Option::watch, "--html FILE",
              "keep a page in FILE for a browser: all looks, with plots of what grows", "--html",
              text<&Invocation::html>},
    OptionRow{Option::watch, "--openmetrics FILE",
              "keep the numbers of the last look in FILE, for a textfile collector",
              "--openmetrics", text<&Invocation::openmetrics>},
    OptionRow{Option::watch, "--listen ADDR:PORT",
              "serve them to Prometheus: 127.0.0.1:9474, or only a port of this machine",
              "--listen", text<&Invocation::listen>},
    OptionRow{Option::watch, "--before-oom WHEN",
              "keep a core and a report when so much of its memory is used (90%), so",
              "--before-oom", word<&Words::beforeOom>},
    OptionRow{Option::watch, "", "little is left (200M), or it waits so long for memory (psi:10%)"},
    OptionRow{Option::watch, "--dump-dir DIR", "the folder that they are kept in", "--dump-dir",
              text<&Invocation::dumpDir>},
    OptionRow{Option::watch, "--redact",
              "the core without texts, numbers and buffers of the program", "--redact",
              flag<&Invocation::redact>},
    OptionRow{Option::watch, "--keep N", "of the process, those of the last N times (5; 0: all)",
              "--keep", word<&Words::keep>},
    OptionRow{Option::watch, "--memory-limit SIZE",
              "no more than that for it (half of what parked itself has left)", "--memory-limit",
              word<&Words::memoryLimit>},
    OptionRow{Option::exec, "--at SIGNAL",
              "look when the program gets SIGNAL (USR1), not at its end", "--at", word<&Words::at>},
    OptionRow{Option::exec, "--ancestors",
              "have Go note who created whom, so that a goroutine's test is known", "--ancestors",
              flag<&Invocation::ancestors>},
    OptionRow{Option::exec, "", "(GODEBUG=tracebackancestors; each go statement costs more)"},
    OptionRow{Option::exec, "--after TIME", "look after TIME (30s), if it has not ended by then",
              "--after", word<&Words::after>},
    OptionRow{Option::exec, "--children",
              "look at the programs of Go that it starts, too, as they exit", "--children",
              flag<&Invocation::children>},
    OptionRow{Option::exec, "--report-dir DIR",
              "keep JSON, SARIF and a page of each program in DIR, also if nothing was found",
              "--report-dir", text<&Invocation::reportDir>},
    OptionRow{Option::handled, "--dir DIR", "the folder that cores and reports are kept in",
              "--dir", handlerOption<&HandlerOptions::folder>},
    OptionRow{Option::handled, "--no-redact",
              "cores with texts, numbers and buffers of the program", "--no-redact", addWhole},
    OptionRow{Option::handled, "--keep N", "those of the last N crashes (20; 0: all)", "--keep",
              word<&Words::keep>},
    OptionRow{Option::handled, "--keep-bytes SIZE",
              "no more than that of them, but the last (1G; 0: no bound)", "--keep-bytes",
              word<&Words::keepBytes>},
    OptionRow{Option::handled, "--pass-on PROGRAM",
              "gets what is no program of Go, or cannot be read: the core on stdin,", "--pass-on",
              handlerOption<&HandlerOptions::passOn>},
    OptionRow{Option::handled, "", "the words behind the options as its arguments"},
    OptionRow{Option::handled, "--memory-limit SIZE",
              "no more than that; then the core is stored and read from disk (1G)",
              "--memory-limit", word<&Words::memoryLimit>},
    OptionRow{Option::handled, "--max-spool SIZE", "no more than that of it is stored (8G)",
              "--max-spool", word<&Words::maxSpool>},
    OptionRow{Option::handled, "--max-time TIME", "give up after TIME (1m)", "--max-time",
              word<&Words::maxTime>},
    OptionRow{Option::handled, "--at-once N", "one that comes while N work gives up (2)",
              "--at-once", word<&Words::atOnce>},
    OptionRow{Option::handled, "--debug-dir DIR",
              "where executables are found by their build ids, too", "--debug-dir",
              addDebugFolders},
    OptionRow{Option::dumped, "-o, --output FILE",
              "where to; - is stdout, for a pipe (zstd, unless --uncompressed)", "-o,--output",
              text<&Invocation::output>},
    OptionRow{Option::dumped, "--level N", "zstd's, 1 (fast) to 19 (small); 3 unless given",
              "--level", word<&Words::level>},
    OptionRow{Option::dumped, "--uncompressed",
              "as debuggers read it; holes in FILE where memory is zeros", "--uncompressed",
              flag<&Invocation::uncompressed>},
    OptionRow{Option::dumped, "--memory-limit SIZE",
              "give up where parked itself would need more (200M)", "--memory-limit",
              word<&Words::memoryLimit>},
    OptionRow{Option::dumped, "--redact",
              "without texts, numbers and buffers of the program (docs/dump.md)", "--redact",
              flag<&Invocation::redact>},
    OptionRow{Option::waits, "--waits", "who holds up whom, instead of who created whom", "--waits",
              flag<&Invocation::waits>},
    OptionRow{Option::limit, "-n, --limit N", "list at most N (0: all)", "-n,--limit",
              word<&Words::limit>},
    OptionRow{Option::limit, "-a, --all", "list everything", "-a,--all", flag<&Invocation::all>},
    OptionRow{Option::system, "--system", "the runtime's own goroutines, too", "--system",
              flag<&Invocation::system>},
    OptionRow{Option::filters, "--with WHAT EXPR", "only goroutines where WHAT contains EXPR;",
              nullptr, nullptr, propertyValues},
    OptionRow{Option::filters, "--without WHAT EXPR", "only the others. WHAT is", nullptr, nullptr,
              propertyValues},
    OptionRow{Option::filters, "", "  userloc   the user's own frame, \"file:line function\""},
    OptionRow{Option::filters, "", "  curloc    the innermost frame"},
    OptionRow{Option::filters, "", "  goloc     the go statement that created it"},
    OptionRow{Option::filters, "", "  startloc  its start function"},
    OptionRow{Option::filters, "", "  label     a pprof label, EXPR is KEY or KEY=VALUE"},
    OptionRow{Option::filters, "", "  reason    what it is blocked in: 'chan send'"},
    OptionRow{Option::filters, "",
              "  verdict   proved, orphan, suspect, unknown, waiting, running"},
    OptionRow{Option::filters, "", "  status    waiting, running, runnable, syscall, ..."},
    OptionRow{Option::filters, "", "  user      not the runtime's own; no EXPR"},
    OptionRow{Option::filters, "", "  running   on a thread; no EXPR"},
    OptionRow{Option::filters, "", "EXPR between slashes is a regular expression, as Go's"},
    OptionRow{Option::group, "--group WHAT", "group by WHAT as above, label:KEY, or stack",
              "--group,--group-by", word<&Words::group>, groupValues},
    OptionRow{Option::stacks, "-t [N]", "with the stack of each, N calls at most (10; 0: all)",
              "-t,--stacks", addStacks},
    OptionRow{Option::sort, "--sort KEY", "the largest, gravest, longest first, or by name. KEY is",
              "--sort", word<&Words::sort>, sortValues},
    OptionRow{Option::sort, "", "verdict, wait, reason, place or id; of groups and findings"},
    OptionRow{Option::sort, "", "also count, retained or rule"},
    OptionRow{Option::verdicts, "--suspect-count N",
              "so many at one place are SUSPECT, however young (1000;", "--suspect-count",
              word<&Words::suspectCount>},
    OptionRow{Option::verdicts, "", "100 do when each has been blocked for 1m)"},
    OptionRow{Option::verdicts, "--suspect-age TIME",
              "10 that old at one place are SUSPECT, or 1 on a lock (10m)", "--suspect-age",
              word<&Words::suspectAge>},
    OptionRow{Option::orphans, "--orphan-count N",
              "so many alike that still run and nobody can stop are ORPHAN (5)", "--orphan-count",
              word<&Words::orphanCount>},
    OptionRow{Option::verdicts, "--fail-on VERDICT",
              "exit code 1 if a goroutine has this verdict or a graver one;", "--fail-on",
              word<&Words::failOn>, verdictValues},
    OptionRow{Option::verdicts, "", "3 if none has, and the proof is withheld"},
    OptionRow{Option::watch, "--fail-on growing", "exit code 1 if a group was growing at any look",
              nullptr, nullptr, growingValue},
    OptionRow{Option::verdicts, "--require-proof",
              "exit code 3 if it could not be proved who can never run again", "--require-proof",
              flag<&Invocation::requireProof>},
    OptionRow{Option::verdicts, "--ignore-file FILE",
              "leave out what the allow-list FILE names (docs/allow-list.md)", "--ignore-file",
              text<&Invocation::ignoreFile>},
    OptionRow{Option::baseline, "--baseline FILE",
              "what FILE lists is known: shown as that, and no reason to fail", "--baseline",
              text<&Invocation::baseline>},
    OptionRow{Option::writeBaseline, "--write-baseline FILE",
              "list what leaks in FILE, for --baseline (docs/triage.md)", "--write-baseline",
              text<&Invocation::writeBaseline>},
    OptionRow{Option::summary, "--fail-on VERDICT",
              "exit code 1 if something with this verdict or a graver one was left", "--fail-on",
              word<&Words::failOn>, verdictValues},
    OptionRow{Option::summary, "--json", "one JSON document", "--json", wordFlag<&Words::document>},
    OptionRow{Option::diff, "--json", "one JSON document", "--json", wordFlag<&Words::document>},
    OptionRow{Option::diff, "--format FORMAT", "text, json or html (a page for a browser)",
              "--format", word<&Words::format>},
    OptionRow{Option::format, "", "", "--format", addFormats},
    OptionRow{Option::source, "--source-path FROM=TO",
              "source that the compiler knew in the folder (or module) FROM is in TO",
              "--source-path", addSourcePaths},
    OptionRow{Option::source, "--no-source", "do not show lines of source", "--no-source",
              flag<&Invocation::noSource>},
    OptionRow{Option::source, "--source", "lines of source in JSON and SARIF, too", "--source",
              flag<&Invocation::withSource>},
    OptionRow{Option::module, "--module FILE",
              "of several Go runtimes in the process, the one of this library or program",
              "--module", text<&Invocation::module>},
    OptionRow{Option::timings, "--timings", "where the time went", "--timings",
              flag<&Invocation::timings>},
};

}  // namespace

std::span<const OptionRow> optionTable() { return kTable; }

}  // namespace parked::command
