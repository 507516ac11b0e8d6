// The one header of the front-ends: open a target, run a command, get text or JSON and an exit
// code. Nothing behind it is visible here, so that a front-end cannot know a Go struct.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parked {

namespace command {
class Reading;
}

/// Exit codes of the CLI; the debugger front-ends show the message instead.
enum class Exit : int {
  clean = 0,       ///< nothing at or above --fail-on
  findings = 1,    ///< findings at or above --fail-on
  unusable = 2,    ///< usage error, or the input cannot be read
  incomplete = 3,  ///< a report was made, but parts of the target could not be read; or nothing was
                   ///< found, but the proof that --fail-on or --require-proof needs is withheld
};

/// Progress and interruption, as the host wants them. All members may be empty.
struct Host {
  /// Called a few times a second while long work runs; total is 0 when not known.
  std::function<void(std::string_view stage, std::uint64_t done, std::uint64_t total)> progress;
  /// Asked often; true stops the work cleanly: what was read so far is there to be reported.
  std::function<bool()> cancelled;
};

/// What a debugger knows of the target it holds. Alone, where parked cannot read the target itself
/// (a remote gdbserver); together with a pid, where it can, but the registers are the debugger's.
struct DebuggerAccess {
  struct Thread {
    std::int32_t tid = 0;
    std::uint64_t pc = 0, sp = 0, framePointer = 0, link = 0;
    /// What all its registers hold, general and vector ones, in words and no order: a pointer in
    /// one of them keeps an object alive. Empty: not known; then no proof is given while it runs Go
    /// code.
    std::vector<std::uint64_t> words;
  };
  struct Range {
    std::uint64_t start = 0, end = 0;
    bool writable = false;
  };
  std::function<std::size_t(std::uint64_t address, std::byte* out, std::size_t size)> read;
  std::function<std::vector<Thread>()> threads;
  std::function<std::vector<Range>()> ranges;  ///< may be empty: then any address is tried
  std::string executable;
  std::vector<std::string> libraries;  ///< paths of files that the debugger knows to be loaded
  std::optional<std::uint64_t> loadBias;
};

/// How debuggers call the registers of an architecture.
struct RegisterNames {
  std::string_view pc, sp, framePointer;
  std::string_view link;  ///< empty where calls push the return address
  /// The general ones that can hold a pointer.
  std::span<const std::string_view> general;
  /// Vector registers: `prefix` and a number below `count`. The member `words` (gdb: "v2_int64";
  /// "d.u" is one in another) has `wordCount` words of 64 bits.
  struct Vectors {
    std::string_view prefix;
    unsigned count = 0;
    std::string_view words;
    unsigned wordCount = 0;
  };
  std::vector<Vectors> vectors;  ///< the widest first: the narrower ones are a part of them
};

/// `architecture` as Go, gdb or the first word of a target triple says it; nullopt if it is none
/// that parked reads.
std::optional<RegisterNames> registerNames(std::string_view architecture);

/// What to open. Exactly one of core, pid and debugger is set, but for a process that a debugger
/// holds: that has pid, alreadyStopped and debugger.
struct OpenRequest {
  std::string core;
  std::int32_t pid = 0;
  const DebuggerAccess* debugger = nullptr;  ///< must outlive the session
  std::string executable;                    ///< empty: found from the core's notes or /proc
  /// Of several Go runtimes in the target, only the one of this file (its path or name); empty: all
  /// of them.
  std::string module;
  /// Of a core, where its executable and libraries may be, too: below these folders, by their
  /// paths; in these folders under any name, by their build ids.
  std::vector<std::string> sysroots, debugFolders;
  bool debuginfod = false;  ///< ask the servers of DEBUGINFOD_URLS, by GNU build id
  bool force = false;       ///< go on although the build ids differ
  bool stop = true;         ///< live process: stop it while it is copied
  /// Live process: it is let go after that time whatever was copied by then; the report says what
  /// is missing. 0: no bound.
  std::chrono::nanoseconds maxPause = std::chrono::seconds(1);
  /// Prove by reachability which goroutines can never run again. Reads the part of the heap that
  /// holds pointers.
  bool proof = true;
  /// Read what the standard library holds: pools, connections, files, contexts, who has a timer. Of
  /// a live process no command can ask for them later. Without it and without the proof it is
  /// stopped only for what the goroutines need.
  bool resources = true;
  /// A live process that somebody else (the debugger) already holds stopped: read it through /proc,
  /// do not attach. The threads' registers then come from debugger->threads; nothing else of
  /// `debugger` is asked. Without it no thread has registers.
  bool alreadyStopped = false;
  /// What the core and the executable are called where that is not how they are opened.
  std::string coreName = {}, executableName = {};
};

/// What a command line says about opening where the target is a debugger's: --force, --sysroot DIR,
/// --debug-dir DIR, --debuginfod, with any command.
struct OpeningWords {
  bool force = false;
  std::vector<std::string> sysroots, debugFolders;
  bool debuginfod = false;

  bool operator==(const OpeningWords&) const = default;
  /// It says where files may be, too.
  bool hasPlaces() const { return !sysroots.empty() || !debugFolders.empty() || debuginfod; }
  void applyTo(OpenRequest& request) const;
};
/// Takes them out of the words. What is wrong with them, in one clear line; "" if nothing.
std::string takeOpeningWords(std::vector<std::string>& words, OpeningWords& out);

/// How the text is to look.
struct Style {
  bool color = false;
  int width = 0;  ///< columns; 0: do not fit lines to a width
  /// How a command is called here, for the hints in the text: "parked" in a debugger,
  /// "parked core BIN CORE" in the shell.
  std::string commandPrefix = "parked";
  /// What is written goes to a file or a pipe: it may be a format that is no text (pprof).
  bool bytes = false;
};

struct CommandResult {
  std::string output;  ///< for stdout
  std::string error;   ///< one clear line, empty if all is well
  Exit exit = Exit::clean;
  bool interrupted = false;  ///< the user asked to stop: the output is what was read until then
  std::string timings;       ///< --timings: one line a stage, for stderr; empty without it
};

/// Receives output as it is made, so that a million goroutines of JSON need not fit in memory.
/// False: no more of it is wanted; the command then ends, its output cut off.
using Sink = std::function<bool(std::string_view)>;

class Session {
 public:
  struct Opened {
    std::unique_ptr<Session> session;  ///< null on failure
    std::string error;
    Exit exit = Exit::clean;
  };
  /// Opens the target and takes the snapshot. `host` is asked while commands run, too. A live
  /// process is released before this returns. Where the process has several Go runtimes (a library
  /// built as c-shared brings its own), each is read, one after the other; commands answer for
  /// each, or for the one that --module names.
  static Opened open(const OpenRequest& request, const Host& host = {});
  ~Session();

  /// Runs one command of the family: {"report", "--limit", "5"}, {"goroutine", "42"} …
  /// The same words mean the same in the CLI, in gdb and in lldb.
  CommandResult run(const std::vector<std::string>& words, const Style& style);
  /// The same, with the output going to `sink` as it is made (CommandResult::output stays empty).
  CommandResult run(const std::vector<std::string>& words, const Style& style, const Sink& sink);

  /// The saved pc, sp and frame pointer of a goroutine, for a debugger that wants to show its
  /// stack.
  struct Registers {
    std::uint64_t pc = 0, sp = 0, framePointer = 0;
  };
  std::optional<Registers> registersOf(std::uint64_t goid) const;

  /// Host::cancelled stopped the reading: reports have what was read before, say so, and prove
  /// nothing. A front-end that keeps sessions does not keep this one.
  bool interrupted() const;

 private:
  friend class Watch;
  Session();
  command::Reading& first() const;  ///< of the Go runtimes
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// `parked diff`: {"diff", "A", "B", "--json"}. What is opened of A and B is opened as `request`
/// says; a side may be a JSON report as well.
CommandResult diff(const OpenRequest& request, const std::vector<std::string>& words,
                   const Style& style, const Host& host, const Sink& sink);

/// `parked dump`: {"dump", "-o", "FILE"}, of a core or a process. `sink` gets the bytes where FILE
/// is "-". Where it fails there is no file.
CommandResult dump(const OpenRequest& request, const std::vector<std::string>& words,
                   const Style& style, const Host& host, const Sink& sink);

/// Numbers for a monitoring system (docs/formats.md).
struct MetricFamily {
  struct Sample {
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
  };
  std::string name;  ///< of its samples
  std::string help;
  bool counter = false;  ///< else it is a gauge
  std::vector<Sample> samples;
};

/// `parked watch`: a live process that is opened and read again and again, its groups of goroutines
/// compared. When to look, and where to show it, is the front-end's.
class Watch {
 public:
  struct Made {
    std::unique_ptr<Watch> watch;  ///< null on failure
    std::string error;
  };
  /// {"watch", "--every", "10s"}. Opens nothing yet, but for --dump-dir.
  static Made make(const OpenRequest& request, const std::vector<std::string>& words);
  ~Watch();

  std::chrono::nanoseconds every() const;
  std::uint64_t count() const;  ///< looks to take; 0: until something else ends it
  bool json() const;            ///< --json: show() gives one line of JSON

  enum class State : std::uint8_t {
    looked,
    failed,  ///< this time it could not be read; the next look may succeed
    ended,   ///< the process, or the program in it, is not there any more
  };
  struct Look {
    State state = State::looked;
    std::string error;  ///< one clear line unless it looked
  };
  /// Reads the process once and compares. The process runs again before this returns.
  Look look(const Host& host = {});
  std::uint64_t looks() const;  ///< that succeeded

  /// --before-oom: how often to call memory(); 0: nobody asked for that.
  std::chrono::nanoseconds memoryEvery() const;
  struct Alarm {
    std::string line;  ///< for people
    std::string json;  ///< a line of JSON
  };
  /// Looks at how much memory the process may still take. Where it has just become too little, the
  /// process is read as for a look, and a core and reports are kept in --dump-dir.
  std::optional<Alarm> memory(const Host& host = {});

  /// The last look as text: whole groups, as many as fit into `rows` lines (0: as --limit says).
  /// With --json, one line.
  std::string show(const Style& style, int rows = 0) const;
  /// --openmetrics, --html: writes the numbers of the last look and the page of all looks to their
  /// files; what went wrong, "" if nothing did or no file was named. Where the last look failed, or
  /// the process ended, the numbers say only that, and the page says it, too.
  std::string keepFiles() const;
  /// Nobody looks any more: its numbers say so from now on.
  void stop();
  /// --listen: the address and the port to serve them at, "" if nobody asked for that.
  std::string listen() const;
  std::vector<MetricFamily> metrics() const;
  /// Of all looks: findings if one met --fail-on; incomplete if the last one was.
  Exit exit() const;

 private:
  Watch();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The commands of the family with a line of help each, in the order of the manual.
struct CommandHelp {
  std::string name, synopsis, summary;
  std::string text;                     ///< a paragraph, its lines broken; may be empty
  std::vector<std::string> words = {};  ///< what may stand behind it, where that is a list
};
std::vector<CommandHelp> commands();
/// The options of a command, as its help has them.
struct OptionHelp {
  std::string name;                 ///< "-n, --limit N"
  std::string text;                 ///< lines
  std::vector<std::string> values;  ///< the words that its value is one of; empty: any
};
std::vector<OptionHelp> commandOptions(std::string_view command);
/// The whole help text of a command ("report"), or of the family for ""; "" for what is none.
std::string commandHelp(std::string_view command);

/// The text that a command line asks for, as `help report` or `report --help`; "" if it asks for
/// something else.
std::string helpAsked(const std::vector<std::string>& words);

/// What is wrong with a command line, in one clear line, "" if nothing: what run() would say,
/// before anything is opened.
std::string checkCommand(const std::vector<std::string>& words);

/// Whether the command tells of OpenRequest::resources.
bool needsResources(const std::vector<std::string>& words);

/// Splits a debugger's command line into words, quotes as in a shell.
std::vector<std::string> splitWords(std::string_view line);

/// A word as a shell, and splitWords(), need it: in quotes if it has to be.
std::string shellWord(std::string_view word);

/// A duration as people write it: "50ms", "2s", "1h30m"; none if it is no duration.
std::optional<std::chrono::nanoseconds> parseDuration(std::string_view text);

/// The text with what could steer a terminal made visible; what a command gives out is so already.
std::string escaped(std::string_view text);

std::string_view version();

}  // namespace parked
