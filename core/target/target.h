// A target: memory, threads, mappings and where the executable is. The rooms to the right never
// ask whether it is a core, a process or a debugger.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/incomplete.h"
#include "base/observer.h"
#include "target/address_space.h"
#include "target/kind.h"
#include "target/registers.h"
#include "target/signal_info.h"
#include "target/sockets.h"

namespace parked::target {

/// A file-backed mapping, from NT_FILE or /proc/PID/maps. `bias` below follows from it.
struct Mapping {
  Addr start = 0;
  Addr end = 0;
  std::uint64_t fileOffset = 0;
  std::string path;
  bool executable = true;  ///< false: it is known that nobody runs what is there
};

/// An open descriptor of a process, as the kernel has it.
struct Descriptor {
  std::int64_t fd = -1;
  std::string link;  ///< a path, "socket:[4711]", "pipe:[4712]", "anon_inode:[eventpoll]"
};

/// Addresses of variables: by where the file that has them begins in memory, and their names
/// ("runtime.allgs").
using Variables = std::map<std::pair<Addr, std::string>, Addr>;

class ElfFile;       // target/elf_file.h
struct CoreNote;     // target/core_writer.h
struct CoreSegment;  // target/core_writer.h
struct GoFiles;      // target/go_files.h

/// One mapped file with Go code: the program, a library that was built as c-shared, a plugin.
struct GoFile {
  std::string path;                     ///< as the target has it
  std::shared_ptr<const ElfFile> file;  ///< null: it is not to be had here, `problem` says why
  std::uint64_t bias = 0;               ///< load address minus link address
  bool plugin = false;  ///< its code runs in the Go runtime of the program that opened it
  std::string problem;
};

/// A debugger that already holds the target, seen from here: implemented by the GDB and LLDB
/// front-ends.
class DebuggerHost : public ByteSource {
 public:
  virtual std::vector<Thread> threads() = 0;
  /// Readable ranges as the debugger knows them; empty if it does not, then any address is tried.
  virtual std::vector<Region> regions() = 0;
  virtual std::string executable() = 0;
  /// Paths here of the libraries that it knows to be loaded.
  virtual std::vector<std::string> libraries() { return {}; }
  /// Where the executable's first segment was loaded minus where it was linked; nullopt: unknown.
  virtual std::optional<std::uint64_t> loadBias() = 0;
};

/// Where the files of a target may be when they are not where it says (target/file_search.h).
struct SearchPlaces {
  std::vector<std::string> roots;    ///< folders below which the target's paths are tried first
  std::vector<std::string> folders;  ///< with files of any name, and DIR/.build-id/xx/yyyy
  bool debuginfod = false;           ///< ask the servers of DEBUGINFOD_URLS

  bool byId() const { return !folders.empty() || debuginfod; }
};

struct OpenOptions {
  std::string
      executable;  ///< path given by the user; empty: find it from the core's notes or /proc
  /// Of several Go runtimes, the file of the one to read: its path, or the last part of it.
  std::string module;
  /// Of a core: where its files may be, too.
  SearchPlaces search = {};
  bool force = false;  ///< go on although the build ids of core and executable differ
  bool stop = true;    ///< live process: stop its threads while reading
  /// Live process: it stands still no longer than that, whatever was read by then; 0: no bound.
  std::chrono::nanoseconds maxPause{0};
  /// Live process that a debugger already holds stopped: its threads as the debugger knows them.
  /// The process is then read as it is (Kind::liveStopped, no pause), neither stopped nor released.
  const std::vector<Thread>* heldThreads = nullptr;
  /// The notes of the core that the kernel is writing of a live process, whose threads are then
  /// heldThreads: what Target::coreNotes() gives.
  const std::vector<CoreNote>* dyingNotes = nullptr;
  /// What the core, and the executable that is given, are called where that is not the path that
  /// they are opened by; empty: it is.
  std::string coreName = {}, executableName = {};
  Observer* observer = nullptr;
};

class Target {
 public:
  virtual ~Target() = default;

  Kind kind() const { return kind_; }
  const Architecture& arch() const { return *arch_; }
  AddressSpace& memory() { return memory_; }
  const std::vector<Thread>& threads() const { return threads_; }
  const std::vector<Mapping>& mappings() const { return mappings_; }
  /// Of a live process, as of freeze(), or as its dump noted them; empty for other kinds, or if it
  /// is not allowed.
  const std::vector<Descriptor>& descriptors() const { return descriptors_; }
  /// Of a dump: where the variables of all its runtimes were found that have no symbol table.
  const Variables& variables() const { return variables_; }
  /// Those of executable().
  std::map<std::string, Addr, std::less<>> ownVariables() const;
  /// Those of `wanted` whose addresses are known, in a live process those of this moment.
  virtual Sockets sockets(const std::unordered_set<std::uint64_t>& wanted) const;

  /// The notes that a core of it has: those of a core as they are, of a live process what was read
  /// of it. Not those of DumpNotes; none for other kinds.
  virtual std::vector<CoreNote> coreNotes() const;
  /// The first page of each ELF file that a live process has mapped, read from its memory: in it
  /// are the build ids. By address; valid as long as the object.
  virtual std::vector<CoreSegment> fileHeaders() const;
  IncompleteList& incomplete() { return incomplete_; }
  /// A core that is cut off, or a process that OpenOptions::maxPause let go: what is not found may
  /// lie in the part that is missing, so that it is counted, and nothing is refused for it.
  bool cutOff() const { return cutOff_; }
  /// A file that is read was cut or written to meanwhile, so that not all that was read need be
  /// true; to be asked after reading. nullopt if none was.
  virtual std::optional<Incomplete> changed() const;

  /// What was opened, for the report's header: the core's path, or "process 1234".
  const std::string& description() const { return description_; }
  std::int32_t pid() const { return pid_; }  ///< 0 if not known
  /// The id under which /proc has what belongs to all threads of a live process (memory,
  /// descriptors): pid(), or that of another thread where the first one has ended before the
  /// others.
  std::int32_t readableId() const { return readableId_ != 0 ? readableId_ : pid_; }

  /// The file of the Go runtime that is read, already overlaid into memory(): the program, or a
  /// library in a program of another language. Never null after a successful open.
  const ElfFile& executable() const { return *executable_; }
  /// Load address minus link address of the executable (0 unless PIE).
  std::uint64_t bias() const { return bias_; }
  /// The program's path where executable() is a library in it, else "".
  const std::string& program() const { return program_; }
  /// Files that have a Go runtime of their own, the program's first; also those that are not to be
  /// had here. Empty: the program is no Go program, and nothing that it has mapped is known to be.
  const std::vector<GoFile>& runtimes() const { return runtimes_; }
  /// Files that run in the runtime of the program that opened them.
  const std::vector<GoFile>& plugins() const { return plugins_; }
  /// Mapped ELF files that are not here, so that nobody knows whether they have Go code.
  const std::vector<std::string>& unknownFiles() const { return unknownFiles_; }

  /// When the target was stopped (core: when it was dumped, from systemd's xattr or the file's
  /// modification time), wall clock, ns since 1970; nullopt if not known.
  std::optional<std::int64_t> wallTimeNs() const { return wallTimeNs_; }
  /// CLOCK_MONOTONIC of the target's machine at that time; only known for a local live process, and
  /// noted in its dump.
  std::optional<std::int64_t> monotonicNs() const { return monotonicNs_; }
  /// The signal that made the core, 0 if none or not known.
  int signal() const { return signal_; }
  /// The same with what the core notes of it (NT_SIGINFO).
  const std::optional<SignalInfo>& signalInfo() const { return signalInfo_; }

  /// Live process: stops its threads and reads their registers and the current mappings; memory
  /// read before is forgotten (spans handed out stay valid, new reads are fresh), so that what is
  /// read from here on is one consistent instant. Other kinds: does nothing. Kept apart from
  /// opening so that the executable is digested while the process still runs.
  virtual Result<void> freeze() { return {}; }
  /// Lets a stopped live process run again. Reads after it see only what was fetched before.
  /// Idempotent; does nothing for other kinds. Called by the destructor too.
  virtual void release() {}
  /// Live process that freeze() stopped: it still stands still. False once it was released or
  /// OpenOptions::maxPause is over; what is read from then on is not there. For any thread.
  virtual bool standing() const { return false; }
  /// OpenOptions::maxPause ended the stop; known once released.
  virtual bool late() const { return false; }
  /// How long the process was stopped, once released; zero for other kinds.
  std::chrono::nanoseconds pause() const { return pause_; }

 protected:
  Target() = default;

  /// Sets what executable() and bias() are: of `program` (null: its file is not here) and the files
  /// found, the one that OpenOptions::module names, else the first with a Go runtime. `programPath`
  /// is as the mappings have it. Errors: notFound.
  Result<void> chooseRuntime(const std::shared_ptr<const ElfFile>& program, std::uint64_t bias,
                             const std::string& programPath, GoFiles files,
                             const std::string& module);
  /// The file that is mapped at an address; "" if none is known to be.
  std::string mappedPath(Addr address) const;
  /// Fills holes of memory() with the read-only parts of the executable and of all Go files.
  void overlayFiles();

  Kind kind_ = Kind::core;
  const Architecture* arch_ = &arch::host();
  AddressSpace memory_;
  std::vector<Thread> threads_;
  std::vector<Mapping> mappings_;
  std::vector<Descriptor> descriptors_;
  Variables variables_;
  IncompleteList incomplete_;
  bool cutOff_ = false;
  std::string description_;
  std::int32_t pid_ = 0;
  std::int32_t readableId_ = 0;
  std::string program_;
  std::vector<GoFile> runtimes_, plugins_;
  std::vector<std::string> unknownFiles_;
  std::shared_ptr<const ElfFile> executable_;
  std::uint64_t bias_ = 0;
  std::optional<std::int64_t> wallTimeNs_;
  std::optional<std::int64_t> monotonicNs_;
  int signal_ = 0;
  std::chrono::nanoseconds pause_{0};
  std::optional<SignalInfo> signalInfo_;
};

/// Opens a core file: kernel, gcore, Delve's dump; plain or zstd-compressed; truncated ones are
/// opened as far as they go, and incomplete() says so.
Result<std::unique_ptr<Target>> openCore(const std::string& path, const OpenOptions& options);
/// The same for a core that is already mapped.
Result<std::unique_ptr<Target>> openCore(std::shared_ptr<const ElfFile> core,
                                         const OpenOptions& options);

/// Opens a process without stopping it yet; with options.stop, freeze() stops its threads
/// (PTRACE_SEIZE + PTRACE_INTERRUPT) until release(). Never writes to it.
Result<std::unique_ptr<Target>> openProcess(std::int32_t pid, const OpenOptions& options);

/// Opens what a debugger holds; `host` must outlive the target.
Result<std::unique_ptr<Target>> openDebugger(DebuggerHost& host, const OpenOptions& options);

}  // namespace parked::target
