// The commands of the family: names, options, help.
#pragma once

#include <cstdint>
#include <fmt/format.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command/options.h"

namespace parked::command {

/// Options that several commands share, as bits.
enum class Option : std::uint32_t {
  argument = 1,
  filters = 2,    ///< --with, --without
  group = 4,      ///< --group
  limit = 8,      ///< --limit, --all
  system = 16,    ///< --system
  format = 32,    ///< --json, --jsonl, --format
  verdicts = 64,  ///< --fail-on, --suspect-count, --suspect-age, --require-proof, --ignore-file
  timings = 128,
  watch = 256,  ///< --every, --count
  dump = 512,   ///< --format traceback: beside `format`, of what lists goroutines
  waits = 1024,
  module = 2048,
  writeBaseline = 4096,  ///< --write-baseline
  diff = 8192,           ///< two things to compare, --json
  orphans = 16384,       ///< --orphan-count
  sort = 32768,          ///< --sort
  stacks = 65536,        ///< -t
  source = 131072,       ///< --source-path, --no-source
  exec = 262144,         ///< --at, --after, --ancestors, --report-dir
  baseline = 524288,     ///< --baseline
  summary = 1048576,     ///< --json, --fail-on of what others have decided
  dumped = 2097152,      ///< -o, --level, --uncompressed
  handled = 4194304,     ///< --dir, --keep and what else a handler has
};

struct Spec {
  Kind kind;
  std::string_view name;
  std::string_view usage;    ///< what stands behind the name: "ID [options]"
  std::string_view summary;  ///< one line
  std::string_view text;     ///< a paragraph
  std::uint32_t options;
  const report::Section* section = nullptr;  ///< of Kind::section

  std::string synopsis() const { return fmt::format("{} {}", name, usage); }
  bool has(Option option) const { return (options & static_cast<std::uint32_t>(option)) != 0; }
  bool needsArgument() const {
    return kind == Kind::goroutine || kind == Kind::why || kind == Kind::channel ||
           kind == Kind::execSummary;
  }
  std::string_view argumentName() const {
    if (kind == Kind::execSummary) return "a folder with reports of parked exec";
    return kind == Kind::goroutine || kind == Kind::why ? "the id of a goroutine"
                                                        : "the address of a channel";
  }
};

/// What a front-end says that holds one instant of a program.
inline constexpr std::string_view kWatchInShell =
    "watch follows a live process over time: run it in a shell, parked watch PID";

inline constexpr std::string_view kDiffInShell =
    "diff compares two cores, processes or reports: run it in a shell, parked diff A B";

inline constexpr std::string_view kExecInShell =
    "exec runs a program of its own: run it in a shell, parked exec -- PROGRAM";

inline constexpr std::string_view kSummaryInShell =
    "exec-summary reads a folder of reports: run it in a shell, parked exec-summary DIR";

inline constexpr std::string_view kDumpInShell =
    "dump writes a core: run it in a shell, parked dump PID -o FILE";

inline constexpr std::string_view kHandlerInShell =
    "handler is called by the kernel: see docs/handler.md";

/// What is to be said of a command that is not of one instant; "" of all others.
constexpr std::string_view shellOnly(Kind kind) {
  return kind == Kind::watch         ? kWatchInShell
         : kind == Kind::diff        ? kDiffInShell
         : kind == Kind::exec        ? kExecInShell
         : kind == Kind::execSummary ? kSummaryInShell
         : kind == Kind::dump        ? kDumpInShell
         : kind == Kind::handler     ? kHandlerInShell
                                     : "";
}

/// Those of goroutines, and one for each of resources::sections().
std::span<const Spec> specs();
const Spec* findSpec(std::string_view name);  ///< nullptr if there is none
/// The long names of its options: "--limit".
std::vector<std::string> optionNames(const Spec& spec);
/// A line of the help of an option; without a name it goes on with the one above.
struct HelpLine {
  std::string name, text;
  std::vector<std::string_view> values = {};  ///< what its value may be, if that is known
};
std::vector<HelpLine> helpLines(const Spec& spec);
/// The help of one command.
std::string helpOf(const Spec& spec);
/// "text, json or jsonl": the formats of every command, or all there are.
std::string formatNames(bool all);

}  // namespace parked::command
