// Core files: kernel, gcore, Delve's dump; truncated and compressed ones too.
#include <algorithm>
#include <cstdlib>
#include <elf.h>
#include <fmt/format.h>
#include <optional>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "target/core_notes.h"
#include "target/core_segments.h"
#include "target/core_writer.h"
#include "target/dump_notes.h"
#include "target/elf_file.h"
#include "target/file_search.h"
#include "target/go_files.h"
#include "target/overlay.h"
#include "target/printable.h"
#include "target/target.h"
#include "target/untouched.h"

namespace parked::target {
namespace {

std::string folderOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

class CoreTarget final : public Target {
 public:
  Result<void> open(std::shared_ptr<const ElfFile> core, const std::string& path,
                    const OpenOptions& options);
  std::optional<Incomplete> changed() const override;
  Sockets sockets(const std::unordered_set<std::uint64_t>& wanted) const override;
  std::vector<CoreNote> coreNotes() const override { return otherNotes(core_->notes()); }

 private:
  void setTime();
  void addSegments();
  const Mapping* programMapping() const;
  std::vector<std::string> likelyPaths();
  Result<void> findProgram(const OpenOptions& options);
  Result<void> findExecutable(const OpenOptions& options);
  Result<std::shared_ptr<const ElfFile>> openMapped(const Mapping& mapping);
  Result<void> tryById(const OpenOptions& options);
  Result<void> accept(std::shared_ptr<const ElfFile> file, const OpenOptions& options);
  std::optional<std::uint64_t> biasByName(const ElfFile& executable) const;
  Result<void> tryExecutable(const std::string& path, const OpenOptions& options);
  Result<std::uint64_t> biasOf(const ElfFile& executable);
  Result<void> checkEntry(const ElfFile& executable) const;

  void addUntouched();
  void takeDumpNotes();
  void addLeftOut();
  void tellMissingPlugins();

  std::shared_ptr<const ElfFile> core_;
  std::string openedAs_;  ///< its path, whatever it is called
  ZeroPages zeros_;
  CoreNotes notes_;
  FileSearch search_{{}};
  std::optional<DumpNotes> dumped_;  ///< by parked
};

// systemd-coredump keeps the time of the crash beside the file; else the file's own time is when
// the dump ended.
void CoreTarget::setTime() {
  const std::string& path = openedAs_;
  char text[32] = {};
  if (getxattr(path.c_str(), "user.coredump.timestamp", text, sizeof text - 1) > 0) {
    const long long microseconds = std::strtoll(text, nullptr, 10);
    if (microseconds > 0 && microseconds < INT64_MAX / 1000) {
      wallTimeNs_ = microseconds * 1000;
      return;
    }
  }
  struct stat st{};
  constexpr std::int64_t kMaxSeconds = 9'000'000'000;  // more nanoseconds do not fit
  if (stat(path.c_str(), &st) == 0 && st.st_mtim.tv_sec > 0 && st.st_mtim.tv_sec < kMaxSeconds) {
    wallTimeNs_ = st.st_mtim.tv_sec * 1'000'000'000LL + st.st_mtim.tv_nsec;
  }
}

void CoreTarget::addSegments() {
  std::uint64_t cut = 0;
  Addr firstCut = 0;
  std::vector<const ElfSegment*> segments;
  for (const ElfSegment& segment : core_->segments()) {
    if (segment.type != PT_LOAD) continue;
    if (segment.bytes.size() < segment.fileSize) {
      if (cut == 0) firstCut = segment.address + segment.bytes.size();
      cut += segment.fileSize - segment.bytes.size();
    }
    segments.push_back(&segment);
  }
  // They are sorted as it is; a million that are not must not cost a million moves each.
  std::stable_sort(segments.begin(), segments.end(), [](const ElfSegment* a, const ElfSegment* b) {
    return a->address < b->address;
  });
  const std::vector<Range> twice = addCoreSegments(memory_, segments);
  for (Mapping& mapping : mappings_) {
    const auto behind = std::ranges::upper_bound(segments, mapping.start, {}, &ElfSegment::address);
    if (behind == segments.begin()) continue;
    const ElfSegment& covering = **std::prev(behind);
    if (mapping.start - covering.address < covering.memorySize) {
      mapping.executable = (covering.flags & PF_X) != 0;
    }
  }
  if (!twice.empty()) {
    incomplete_.add("core file",
                    fmt::format("segments contradict each other about {} bytes", sizeOf(twice)),
                    twice.front().start);
  }
  cutOff_ = cut != 0 || core_->truncated();
  if (cut != 0) {
    incomplete_.add("core file",
                    fmt::format("{}; {} bytes of memory are missing",
                                core_->claimsTooMuch() ? "its segments claim more bytes than it has"
                                                       : "it is cut off",
                                cut),
                    firstCut);
  } else if (core_->truncated()) {
    incomplete_.add("core file", "it is cut off; headers or notes are missing");
  }
}

const Mapping* CoreTarget::programMapping() const {
  const AuxiliaryVector& auxiliary = notes_.auxiliary;
  const Addr inside = auxiliary.programHeaders != 0 ? auxiliary.programHeaders : auxiliary.entry;
  for (const Mapping& m : mappings_) {
    if (inside >= m.start && inside < m.end) return &m;
  }
  return nullptr;
}

// Where the program may be, the likeliest first: where the notes say it was, then beside the core.
std::vector<std::string> CoreTarget::likelyPaths() {
  std::vector<std::string> paths;
  const auto add = [&](const std::string& path) {
    if (path.empty()) return;
    for (std::string& each : search_.pathsOf(path)) {
      if (std::ranges::find(paths, each) == paths.end()) paths.push_back(std::move(each));
    }
  };
  std::string started;  // as it was given to execve, perhaps relative
  if (memory_.contains(notes_.auxiliary.fileName)) {
    started = memory_.cstring(notes_.auxiliary.fileName);
  }
  const Mapping* mapping = programMapping();
  if (mapping != nullptr) add(withoutDeleted(mapping->path));
  if (started.find('/') != std::string::npos) add(started);
  if (notes_.command.find('/') != std::string::npos) add(notes_.command);
  const std::string folder = folderOf(core_->path()) + "/";
  for (const std::string& name : {mapping != nullptr ? withoutDeleted(mapping->path) : "", started,
                                  notes_.command, notes_.program}) {
    if (const std::string base = baseNameOf(name); !base.empty()) add(folder + base);
  }
  return paths;
}

/// By the names of the mapped files: its own path says more than the auxiliary vector, which is the
/// loader's when the program was started as an argument of ld.so. A copy of a library has at least
/// its name.
std::optional<std::uint64_t> CoreTarget::biasByName(const ElfFile& executable) const {
  const Mapping* program = programMapping();
  const std::string name = baseNameOf(executable.path());
  const Mapping* likely = nullptr;
  int best = 0;
  for (const Mapping& m : mappings_) {
    if (m.fileOffset != 0) continue;
    const int fits = m.path == executable.path()                     ? 3
                     : baseNameOf(withoutDeleted(m.path)) == name    ? 2
                     : program != nullptr && m.path == program->path ? 1
                                                                     : 0;
    if (fits > best) {
      likely = &m;
      best = fits;
    }
  }
  if (likely == nullptr) return std::nullopt;
  return likely->start - linkBase(executable);
}

Result<std::uint64_t> CoreTarget::biasOf(const ElfFile& executable) {
  const AuxiliaryVector& auxiliary = notes_.auxiliary;
  if (!executable.isPositionIndependent()) return 0;
  if (const auto bias = biasByName(executable)) return *bias;
  if (auxiliary.entry != 0) return auxiliary.entry - executable.entry();
  if (const auto bias = findBias(memory_, executable)) return *bias;
  return fail(ErrorCode::unreadable,
              fmt::format("core {} does not say where the position-independent {} was loaded",
                          printable(core_->path()), printable(executable.path())));
}

// For a core without the page that holds the build ids.
Result<void> CoreTarget::checkEntry(const ElfFile& executable) const {
  const Addr entry = notes_.auxiliary.entry;
  if (executable.isPositionIndependent() || entry == 0 || entry == executable.entry()) return {};
  return fail(ErrorCode::mismatch,
              fmt::format("{} is not the program of core {}: the entry point is {:#x} there, {:#x} "
                          "in the file (--force goes on all the same)",
                          printable(executable.path()), printable(core_->path()), entry,
                          executable.entry()));
}

Result<void> CoreTarget::tryExecutable(const std::string& path, const OpenOptions& options) {
  const bool given = path == options.executable;
  auto file = ElfFile::open(path, given ? options.executableName : std::string());
  if (!file) return tl::unexpected(file.error());
  return accept(std::move(*file), options);
}

/// The program's file, told by the build ids in its first page.
Result<void> CoreTarget::tryById(const OpenOptions& options) {
  const Mapping* mapping = programMapping();
  if (mapping == nullptr) return fail(ErrorCode::notFound, "the core does not say where it was");
  Addr first = mapping->start;
  for (const Mapping& each : mappings_) {
    if (each.path == mapping->path) first = std::min(first, each.start);
  }
  auto file = search_.byId(buildIdsInMemory(memory_, first), {});
  if (!file) return tl::unexpected(file.error());
  return accept(std::move(*file), options);
}

Result<void> CoreTarget::accept(std::shared_ptr<const ElfFile> file, const OpenOptions& options) {
  const ElfFile& executable = *file;
  if (executable.isCore()) {
    return fail(ErrorCode::badFormat,
                fmt::format("{} is a core file, not an executable", printable(executable.path())));
  }
  if (&executable.arch() != arch_) {
    return fail(ErrorCode::mismatch,
                fmt::format("{} and {} are for different machines", printable(executable.path()),
                            printable(core_->path())));
  }
  auto bias = biasOf(executable);
  if (!bias) return tl::unexpected(bias.error());
  auto same = checkProgram(memory_, executable, *bias, "core " + core_->path());
  if (!same && executable.isPositionIndependent()) {
    // A library under another name.
    if (const auto other = findBias(memory_, executable)) {
      bias = *other;
      same = {};
    }
  }
  if (same) same = checkEntry(executable);
  if (!same) {
    if (!options.force) return same;
    incomplete_.add("executable", "it is not the program of the core; read all the same (--force)");
  }
  executable_ = std::move(file);
  bias_ = *bias;
  return {};
}

/// Where the core says it was, else beside the core, else wherever its build id is.
Result<std::shared_ptr<const ElfFile>> CoreTarget::openMapped(const Mapping& mapping) {
  const std::string path = withoutDeleted(mapping.path);
  const BuildIds ids = buildIdsInMemory(memory_, mapping.start);
  std::vector<std::string> paths = search_.pathsOf(path);
  const std::string beside = folderOf(core_->path()) + "/" + baseNameOf(path);
  paths.push_back(beside);
  // One that is there but is not the one says more than all those that are not there.
  std::optional<Result<std::shared_ptr<const ElfFile>>> telling;
  for (const std::string& each : paths) {
    auto file = ElfFile::open(each, each == beside ? path : std::string());
    if (file && hasIds(**file, ids)) return file;
    if (!telling || (!*telling && telling->error().code == ErrorCode::notFound)) {
      telling = std::move(file);
    }
  }
  if (search_.places().byId()) {
    auto file = search_.byId(ids, {});
    if (file || (!*telling && telling->error().code == ErrorCode::notFound)) return file;
  }
  return std::move(*telling);
}

Result<void> CoreTarget::findExecutable(const OpenOptions& options) {
  auto program = findProgram(options);
  // A program that is not here may have loaded a Go library that is.
  if (!program && !options.executable.empty()) return program;
  const Mapping* mapping = programMapping();
  const Addr header = executable_ != nullptr ? linkBase(*executable_) + bias_ : 0;
  auto files = findGoFiles(memory_, mappings_, header, "core " + core_->path(),
                           [this](const Mapping& each) { return openMapped(each); });
  if (!program && files.found.empty()) return program;
  return chooseRuntime(executable_, bias_, mapping == nullptr ? "" : mapping->path,
                       std::move(files), options.module);
}

Result<void> CoreTarget::findProgram(const OpenOptions& options) {
  if (!options.executable.empty()) return tryExecutable(options.executable, options);
  const std::vector<std::string> paths = likelyPaths();
  // A file that is there but is not the one says more than all those that are not there.
  std::optional<Error> telling;
  for (const std::string& path : paths) {
    auto tried = tryExecutable(path, options);
    if (tried) return tried;
    if (tried.error().code != ErrorCode::notFound && !telling) telling = tried.error();
  }
  std::string more;
  if (search_.places().byId()) {
    auto found = tryById(options);
    if (found) return found;
    more = "; " + found.error().message;
    if (telling) telling->message += more;
  }
  if (telling) return tl::unexpected(*telling);
  const std::string name = printable(core_->path());
  const std::string advice = fmt::format("name the executable: parked core EXECUTABLE {}", name);
  if (paths.empty()) {
    return fail(
        ErrorCode::notFound,
        fmt::format("core {} does not say which program it is of{}; {}", name, more, advice));
  }
  std::string tried = printable(paths.front());
  for (std::size_t i = 1; i < paths.size(); ++i) tried += ", " + printable(paths[i]);
  return fail(ErrorCode::notFound,
              fmt::format("the program of core {} is not found (tried {}){}; {}", name, tried, more,
                          advice));
}

void CoreTarget::addUntouched() {
  std::vector<Range> all;
  std::uint64_t longest = 0;
  for (const std::vector<GoFile>* files : {&runtimes(), &plugins()}) {
    for (const GoFile& each : *files) {
      if (each.file == nullptr) continue;
      for (const Range& range : untouchedVariables(*core_, mappings_, *each.file, each.bias)) {
        longest = std::max(longest, range.end - range.start);
        all.push_back(range);
      }
    }
  }
  const std::byte* zeros = zeros_.make(longest);
  for (const Range& range : all) {
    if (zeros == nullptr) return;
    Region region;
    region.start = range.start;
    region.end = range.end;
    region.mapped = zeros;
    region.writable = true;
    memory_.add(region);
  }
}

/// Their code is not in the core, so that calls in it cannot be told.
void CoreTarget::tellMissingPlugins() {
  for (const GoFile& plugin : plugins()) {
    if (plugin.file == nullptr) incomplete_.add("plugin", plugin.problem);
  }
}

/// What the kernel said when it was dumped.
void CoreTarget::takeDumpNotes() {
  dumped_ = decodeDumpNotes(core_->notes());
  if (!dumped_) return;
  kind_ = Kind::dump;
  wallTimeNs_ = dumped_->wallTimeNs;
  monotonicNs_ = dumped_->monotonicNs;
  descriptors_ = dumped_->descriptors;
  variables_ = dumped_->variables;
  if (dumped_->standIns) memory_.redact(*dumped_->standIns);
  cutOff_ = cutOff_ || dumped_->cutOff;
  for (const Incomplete& each : dumped_->incomplete) incomplete_.add(each);
  for (Mapping& mapping : mappings_) {
    const Region* covering = regionIn(dumped_->regions, mapping.start);
    if (covering != nullptr) mapping.executable = covering->executable;
  }
}

/// Memory that the target had, and that was not dumped.
void CoreTarget::addLeftOut() {
  if (dumped_) memory_.addAll(dumped_->regions);
}

Sockets CoreTarget::sockets(const std::unordered_set<std::uint64_t>& wanted) const {
  Sockets found;
  if (!dumped_) return found;
  for (const auto& [inode, socket] : dumped_->sockets) {
    if (wanted.contains(inode)) found[inode] = socket;
  }
  return found;
}

std::optional<Incomplete> CoreTarget::changed() const {
  if (std::string how = core_->changed(); !how.empty()) {
    return Incomplete{"core file", "it " + std::move(how), 1, 0};
  }
  return Target::changed();
}

Result<void> CoreTarget::open(std::shared_ptr<const ElfFile> core, const std::string& path,
                              const OpenOptions& options) {
  core_ = std::move(core);
  openedAs_ = path;
  search_ = FileSearch(options.search);
  kind_ = Kind::core;
  arch_ = &core_->arch();
  description_ = core_->path();
  if (!core_->isCore()) {
    std::string message = fmt::format("{} is not a core file", printable(core_->path()));
    if (!options.executable.empty()) {
      const auto other = ElfFile::open(options.executable);
      if (other && (*other)->isCore()) {
        message +=
            fmt::format(", but {} is: the executable comes first", printable((*other)->path()));
      }
    }
    return fail(ErrorCode::badFormat, std::move(message));
  }
  notes_ = readCoreNotes(core_->notes(), *arch_);
  threads_ = notes_.threads;
  mappings_ = notes_.mappings;
  pid_ = notes_.pid;
  signal_ = notes_.signal;
  signalInfo_ = notes_.signalInfo;
  setTime();
  addSegments();
  takeDumpNotes();
  if (threads_.empty()) incomplete_.add("threads", "the core has no thread notes");
  if (auto found = findExecutable(options); !found) return found;
  overlayFiles();
  addUntouched();
  addLeftOut();
  tellMissingPlugins();
  return {};
}

}  // namespace

namespace {

Result<std::unique_ptr<Target>> openMappedCore(std::shared_ptr<const ElfFile> core,
                                               const std::string& path,
                                               const OpenOptions& options) {
  auto target = std::make_unique<CoreTarget>();
  if (auto opened = target->open(std::move(core), path, options); !opened) {
    return tl::unexpected(opened.error());
  }
  return target;
}

}  // namespace

Result<std::unique_ptr<Target>> openCore(std::shared_ptr<const ElfFile> core,
                                         const OpenOptions& options) {
  const std::string path = core->path();
  return openMappedCore(std::move(core), path, options);
}

Result<std::unique_ptr<Target>> openCore(const std::string& path, const OpenOptions& options) {
  auto core = ElfFile::open(path, options.coreName, options.observer);
  if (!core) return tl::unexpected(core.error());
  return openMappedCore(std::move(*core), path, options);
}

}  // namespace parked::target
