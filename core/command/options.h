// The options of every command, in one place for the shell, gdb and lldb.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "command/handler_options.h"
#include "command/oom_threshold.h"
#include "leak/verdict.h"
#include "proof/proof.h"
#include "query/filter.h"
#include "query/group_by.h"
#include "report/format.h"
#include "report/section.h"
#include "report/sort.h"
#include "report/source_lines.h"

namespace parked::command {

enum class Kind : std::uint8_t {
  report,
  watch,
  goroutines,
  pstree,
  goroutine,
  why,
  channel,
  diff,
  exec,
  execSummary,
  dump,
  handler,
  explain,
  section,  ///< one of resources::sections()
  help,
};

/// A command line, understood.
struct Invocation {
  Kind kind = Kind::report;
  std::string command = "report";            ///< its name
  const report::Section* section = nullptr;  ///< of Kind::section
  bool help = false;                         ///< --help: print the command's help instead
  std::string argument;  ///< ID, ADDR, DIR, or the command `help` is asked about
  const report::Format* format = report::formats().front();
  std::optional<std::uint64_t> limit;  ///< --limit; 0: all
  bool all = false;
  bool system = false;
  bool timings = false;
  bool waits = false;  ///< pstree --waits
  std::string module;  ///< --module: of several Go runtimes the one of this file; "": all
  std::vector<query::Filter> filters;
  query::GroupBy groupBy;
  bool grouped = false;  ///< --group was given
  report::SortKey sortBy = report::SortKey::byDefault;
  bool noSource = false;                ///< --no-source
  bool withSource = false;              ///< --source: where the format is not for people, too
  report::SourcePaths sourcePaths;      ///< --source-path
  std::optional<std::uint64_t> stacks;  ///< goroutines -t: calls of each stack, 0: all
  leak::Thresholds thresholds;
  std::optional<leak::Verdict> failOn;
  std::string ignoreFile;     ///< --ignore-file: an allow-list
  std::string baseline;       ///< --baseline: a list of known leaks
  std::string writeBaseline;  ///< --write-baseline
  bool requireProof = false;  ///< --require-proof: without one the report is incomplete
  /// What hints repeat, in words for a shell, each behind a space: --with, --without and --group;
  /// and what verdicts depend on.
  std::string choosing, judging;
  std::vector<std::string> sides;  ///< of diff: what is compared
  // watch
  std::chrono::nanoseconds every = std::chrono::seconds(10);
  std::uint64_t count = 0;                ///< --count: looks; 0: no end
  bool failOnGrowing = false;             ///< --fail-on growing
  std::string openmetrics;                ///< --openmetrics: a file to keep
  std::string html;                       ///< --html: a page to keep
  std::string listen;                     ///< --listen: an address and a port, or a port
  std::optional<OomThreshold> beforeOom;  ///< --before-oom
  std::string dumpDir;                    ///< --dump-dir
  std::optional<std::uint64_t> keep;      ///< --keep: moments whose files stay; 0: all
  // exec
  int atSignal = 0;                   ///< --at; 0: none
  std::chrono::nanoseconds after{0};  ///< --after; 0: not
  bool ancestors = false;             ///< --ancestors
  std::string reportDir;              ///< --report-dir
  bool children = false;              ///< --children
  std::string output;                 ///< of dump, -o: a path; "-": stdout
  std::optional<int> level;           ///< of dump, --level
  bool uncompressed = false;          ///< of dump
  bool redact = false;                ///< of dump and watch
  std::uint64_t memoryLimit = 0;      ///< of dump and watch, --memory-limit, in bytes; 0: none

  HandlerOptions handler;
  std::vector<std::string> debugFolders;  ///< of handler: --debug-dir

  /// How many things to list: --all, --limit or the command's own default.
  std::uint64_t limitOr(std::uint64_t byDefault) const {
    return all ? 0 : limit.value_or(byDefault);
  }

  /// The answer that is asked for takes a proof, and there is none. Who can never run again is then
  /// WAITING, which is below what --fail-on asks about; "nothing found" would look like health.
  /// `proof` is null if nobody asked for one (--no-proof).
  bool lacksProof(const proof::Proof* proof) const {
    if (proof == nullptr) return requireProof;
    const bool asks = requireProof || (failOn && *failOn > leak::Verdict::waiting);
    return asks && !proof->given();
  }
};

/// Reads {"report", "--limit", "5"}. Errors are one clear line with ErrorCode::usage.
Result<Invocation> parse(const std::vector<std::string>& words);

/// Parses "0xc000123456" or "c000123456"; false if it is no address.
bool parseAddress(std::string_view text, std::uint64_t& address);
/// Parses a decimal number without sign; false if it is none.
bool parseNumber(std::string_view text, std::uint64_t& number);

}  // namespace parked::command
