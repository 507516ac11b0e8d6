// A live process, read through process_vm_readv and /proc; only ever read.
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <functional>
#include <optional>
#include <string>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "target/core_note_writer.h"
#include "target/core_notes.h"
#include "target/core_writer.h"
#include "target/elf_file.h"
#include "target/file_descriptor.h"
#include "target/go_files.h"
#include "target/held_elsewhere.h"
#include "target/overlay.h"
#include "target/permission.h"
#include "target/printable.h"
#include "target/proc.h"
#include "target/target.h"
#include "target/thread_stop.h"
#include "target/turns.h"

namespace parked::target {
namespace {

std::vector<Thread> withoutRegisters(const std::vector<std::int32_t>& tids) {
  std::vector<Thread> threads;
  for (const std::int32_t tid : tids) threads.emplace_back().tid = tid;
  return threads;
}

/// Reads in several threads at once.
class ProcessBytes final : public ByteSource {
 public:
  explicit ProcessBytes(std::int32_t pid)
      : pid_(pid),
        file_(open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC)),
        pageMap_(openPageMap(pid)) {}

  /// From here on only what was copied while all threads stood still counts.
  void onlyWhile(std::function<bool()> standing) { standing_ = std::move(standing); }

  std::size_t read(Addr address, std::span<std::byte> out) override {
    const auto counts = [this] { return !standing_ || standing_(); };
    if (!counts()) return 0;
    const std::size_t got = copy(address, out);
    return counts() ? got : 0;
  }

  std::size_t readAnonymous(Addr address, std::span<std::byte> out) override {
    const auto used = usedPages(pageMap_.get(), {address, address + out.size()});
    if (!used) return read(address, out);
    for (const Range& pages : *used) {
      const std::uint64_t at = pages.start - address;
      const std::size_t size =
          std::min<std::uint64_t>(pages.end, address + out.size()) - pages.start;
      if (const std::size_t got = read(pages.start, out.subspan(at, size)); got < size) {
        return at + got;
      }
    }
    return !standing_ || standing_() ? out.size() : 0;
  }

  int lastError() const { return error_; }
  bool gone() const { return gone_; }

 private:
  std::size_t copy(Addr address, std::span<std::byte> out) {
    if (!useFile_) {
      iovec local{out.data(), out.size()};
      iovec remote{reinterpret_cast<void*>(address), out.size()};
      const ssize_t got = process_vm_readv(pid_, &local, 1, &remote, 1, 0);
      if (got > 0) return static_cast<std::size_t>(got);
      error_ = errno;
      // Seccomp filters of containers forbid the call but not the file.
      useFile_ = (error_ == EPERM || error_ == ENOSYS) && file_;
    }
    if (useFile_) {
      const ssize_t got = pread(file_.get(), out.data(), out.size(), static_cast<off_t>(address));
      if (got > 0) return static_cast<std::size_t>(got);
      error_ = got == 0 ? ESRCH : errno;  // the file of a process without memory is empty
    }
    if (error_ == ESRCH) gone_ = true;
    return 0;
  }

  std::int32_t pid_;
  FileDescriptor file_, pageMap_;
  std::function<bool()> standing_;
  std::atomic<bool> useFile_{false};
  std::atomic<bool> gone_{false};
  std::atomic<int> error_{0};
};

class ProcessTarget final : public Target {
 public:
  /// `readable`: Target::readableId().
  ProcessTarget(std::int32_t pid, std::int32_t readable, const OpenOptions& options)
      : bytes_(readable) {
    pid_ = pid;
    readableId_ = readable;
    stop_ = options.stop;
    maxPause_ = options.maxPause;
    if (options.heldThreads != nullptr) held_ = *options.heldThreads;
    heldByOthers_ = options.heldThreads != nullptr;
    if (options.dyingNotes != nullptr) dyingNotes_ = *options.dyingNotes;
    kind_ = stop_ || heldByOthers_ ? Kind::liveStopped : Kind::liveUnstopped;
    description_ = fmt::format("process {}", pid);
  }
  ProcessTarget(const ProcessTarget&) = delete;
  ProcessTarget& operator=(const ProcessTarget&) = delete;
  ~ProcessTarget() override { ProcessTarget::release(); }

  Result<void> open(const OpenOptions& options);
  Result<void> freeze() override;
  void release() override;
  bool standing() const override {
    if (dyingNotes_) return !bytes_.gone();
    return elsewhere_ ? elsewhere_->standing() : stopper_.standing();
  }
  bool late() const override { return stopper_.late(); }
  Sockets sockets(const std::unordered_set<std::uint64_t>& wanted) const override {
    return readSockets(readableId(), wanted);
  }
  std::vector<CoreNote> coreNotes() const override {
    if (dyingNotes_) return *dyingNotes_;
    return notesOfProcess(pid_, facts_, threads_, mappings_);
  }
  std::vector<CoreSegment> fileHeaders() const override { return headers_; }

 private:
  Result<void> stopThreads();
  Result<void> readMemoryMap();
  void readFileHeaders();
  Result<std::string> openExecutable(const OpenOptions& options);
  Result<void> place(const ProcessMaps& maps, const std::string& program, bool given);
  Result<void> checkGiven(bool force);
  Result<std::shared_ptr<const ElfFile>> openMapped(const Mapping& mapping) const;
  Result<std::uint64_t> findBias(const ProcessMaps& maps, const std::string& program) const;

  ProcessBytes bytes_;
  ThreadStop stopper_;
  ProcessFacts facts_;
  std::vector<CoreSegment> headers_;
  std::vector<Thread> held_;
  std::optional<HeldElsewhere> elsewhere_;
  std::optional<std::vector<CoreNote>> dyingNotes_;  ///< of the core that the kernel is writing
  bool heldByOthers_ = false;
  bool stop_ = true;
  std::chrono::nanoseconds maxPause_{0};
  bool toldGone_ = false, toldHeld_ = false;
  ThreadStop::Clock::time_point stoppedAt_;
};

Result<void> ProcessTarget::readMemoryMap() {
  auto maps = readMaps(readableId());
  if (!maps) return tl::unexpected(maps.error());
  if (maps->regions.empty()) {  // a zombie, or a kernel thread
    return fail(ErrorCode::gone, fmt::format("process {} has no memory: it has exited", pid_));
  }
  mappings_ = std::move(maps->mappings);
  memory_.clear();
  // Read-only pages come from the file, where they cost no call.
  overlayFiles();
  for (const Region& region : maps->regions) memory_.add(region);
  return {};
}

/// While no file is overlaid yet.
void ProcessTarget::readFileHeaders() {
  for (const Mapping& mapping : mappings_) {
    const Region* region = memory_.region(mapping.start);
    if (mapping.fileOffset != 0 || region == nullptr) continue;
    const auto page = memory_.bytes(mapping.start, kPage);
    if (page.empty() || std::memcmp(page.data(), ELFMAG, SELFMAG) != 0) continue;
    headers_.push_back(
        {{mapping.start, mapping.start + kPage}, region->writable, region->executable, page});
  }
}

Result<std::uint64_t> ProcessTarget::findBias(const ProcessMaps& maps,
                                              const std::string& program) const {
  if (!executable_->isPositionIndependent()) return 0;
  const std::string name = baseNameOf(executable_->path());
  const auto fits = [&](const auto& isIt) {
    return std::ranges::find_if(
        maps.mappings, [&](const Mapping& m) { return m.fileOffset == 0 && isIt(m.path); });
  };
  // A copy of a library has at least its name.
  auto found = fits([&](const std::string& path) { return path == executable_->path(); });
  if (found == maps.mappings.end()) {
    found = fits([&](const std::string& path) { return baseNameOf(withoutDeleted(path)) == name; });
  }
  if (found == maps.mappings.end()) {
    found = fits([&](const std::string& path) { return path == program; });
  }
  if (found != maps.mappings.end()) return found->start - linkBase(*executable_);
  const AuxiliaryVector auxiliary = readAuxv(readableId());
  if (auxiliary.entry != 0) return auxiliary.entry - executable_->entry();
  return fail(ErrorCode::unreadable,
              fmt::format("process {} does not map its executable {}", pid_, printable(program)));
}

/// What the process has mapped, which a path need not lead to: the file may be deleted, or be in
/// another mount namespace.
Result<std::shared_ptr<const ElfFile>> ProcessTarget::openMapped(const Mapping& mapping) const {
  const std::string path = withoutDeleted(mapping.path);
  auto file = ElfFile::open(
      fmt::format("/proc/{}/map_files/{:x}-{:x}", readableId(), mapping.start, mapping.end), path);
  // The link takes a right that not everybody has.
  return file ? std::move(file)
              : ElfFile::open(fmt::format("/proc/{}/root{}", readableId(), path), path);
}

/// Opens the executable, the program's own unless another one is given. The link itself is opened,
/// not what it points to: that works for a deleted file and for another mount namespace.
Result<std::string> ProcessTarget::openExecutable(const OpenOptions& options) {
  const std::string link = fmt::format("/proc/{}/exe", readableId());
  std::array<char, 4096> shown{};
  if (readlink(link.c_str(), shown.data(), shown.size() - 1) < 0) {
    if (errno == ENOENT) {  // a process that ends gives its memory back before it is a zombie
      return fail(ErrorCode::gone, isKernelThread(readableId())
                                       ? fmt::format("{} is a kernel thread, not a program", pid_)
                                       : fmt::format("process {} has exited", pid_));
    }
    return tl::unexpected(notAllowed(pid_, "read", errno));
  }
  std::string program = shown.data();
  auto executable = options.executable.empty()
                        ? ElfFile::open(link, program)
                        : ElfFile::open(options.executable, options.executableName);
  if (!executable) return tl::unexpected(executable.error());
  if ((*executable)->isCore()) {
    return fail(ErrorCode::badFormat, fmt::format("{} is a core file, not an executable",
                                                  printable((*executable)->path())));
  }
  executable_ = *executable;
  arch_ = &executable_->arch();
  return program;
}

/// Sets bias_. `given`: somebody named the executable.
Result<void> ProcessTarget::place(const ProcessMaps& maps, const std::string& program, bool given) {
  const auto bias = findBias(maps, program);
  // `exec` gives a process its new executable a moment before it maps it.
  const auto isMapped = [&](const Region& region) {
    const Addr start = linkBase(*executable_) + *bias;
    return region.start <= start && start < region.end;
  };
  const bool mapped = bias && std::ranges::any_of(maps.regions, isMapped);
  if (!given && !mapped && !maps.regions.empty()) {
    return fail(ErrorCode::notFound,
                fmt::format("process {} is in the middle of an exec: its program, {}, had not "
                            "started yet",
                            pid_, printable(program)));
  }
  if (!bias) return tl::unexpected(bias.error());
  bias_ = *bias;
  return {};
}

/// Whether the executable that was named is the process's.
Result<void> ProcessTarget::checkGiven(bool force) {
  auto same = checkProgram(memory_, *executable_, bias_, description_);
  if (same) return same;
  const auto other =
      executable_->isPositionIndependent() ? target::findBias(memory_, *executable_) : std::nullopt;
  if (other) {  // a library under another name
    bias_ = *other;
    return {};
  }
  if (!force) return same;
  incomplete_.add("executable", "it is not the program of the process; read all the same");
  return {};
}

Result<void> ProcessTarget::open(const OpenOptions& options) {
  const auto program = openExecutable(options);
  if (!program) return tl::unexpected(program.error());
  const auto maps = readMaps(readableId());
  if (!maps) return tl::unexpected(maps.error());
  const bool given = !options.executable.empty();
  if (auto placed = place(*maps, *program, given); !placed) return placed;

  memory_.setSource(&bytes_);
  for (const Region& region : maps->regions) memory_.add(region);
  std::byte probe{};
  if (bytes_.read(linkBase(*executable_) + bias_, {&probe, 1}) == 0 &&
      (bytes_.lastError() == EPERM || bytes_.lastError() == EACCES)) {
    return tl::unexpected(notAllowed(pid_, "read", bytes_.lastError()));
  }
  if (auto same = given ? checkGiven(options.force) : Result<void>(); !same) return same;
  mappings_ = maps->mappings;
  auto files = findGoFiles(memory_, mappings_, linkBase(*executable_) + bias_, description_,
                           [this](const Mapping& each) { return openMapped(each); });
  facts_ = readFacts(readableId());
  readFileHeaders();
  auto chosen = chooseRuntime(executable_, bias_, *program, std::move(files), options.module);
  return chosen ? readMemoryMap() : chosen;
}

/// Stops them, or takes them as a debugger holds them.
Result<void> ProcessTarget::stopThreads() {
  const auto stopped = stopInTurn(pid_, [this] {
    stoppedAt_ = ThreadStop::Clock::now();
    std::optional<ThreadStop::Clock::time_point> deadline;
    if (maxPause_.count() > 0) deadline = stoppedAt_ + (maxPause_ - pause_);
    return stopper_.stop(pid_, *arch_, deadline);
  });
  if (stopped) {
    bytes_.onlyWhile([this] { return stopper_.standing(); });
    threads_ = stopper_.threads();
    const auto stubborn = std::count_if(threads_.begin(), threads_.end(),
                                        [](const Thread& t) { return !t.hasRegisters; });
    for (auto i = stubborn; i > 0; --i) {
      incomplete_.add("threads", "a thread in an uninterruptible system call did not stop");
    }
  } else {
    elsewhere_ = HeldElsewhere::find(pid_);
    if (stopped.error().code != ErrorCode::permission || !elsewhere_) return stopped;
    bytes_.onlyWhile([this] { return elsewhere_->standing(); });
    threads_ = withoutRegisters(elsewhere_->threads());
    if (!std::exchange(toldHeld_, true)) {
      incomplete_.add("registers", elsewhere_->by() + " holds the process, and has them alone");
    }
  }
  memory_.setSource(&bytes_);  // taken away by release(), if it was stopped before
  return {};
}

Result<void> ProcessTarget::freeze() {
  if (heldByOthers_) {
    threads_ = held_;
  } else if (stop_) {
    if (auto stopped = stopThreads(); !stopped) return stopped;
  } else {
    threads_ = withoutRegisters(readThreadIds(pid_));
  }
  // What the runtime notes of its threads are their ids in a container, if it runs in one.
  if (!dyingNotes_ && ownThreadId(pid_) != pid_) {
    for (Thread& thread : threads_) thread.tid = ownThreadId(thread.tid);
  }
  descriptors_ = readDescriptors(readableId());
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  wallTimeNs_ = wall.tv_sec * 1'000'000'000LL + wall.tv_nsec;
  monotonicNs_ = monotonicOf(readableId());
  return readMemoryMap();
}

void ProcessTarget::release() {
  if (bytes_.gone() && !toldGone_) {
    toldGone_ = true;
    incomplete_.add("process", "it exited while it was read");
  }
  if (elsewhere_ && !elsewhere_->standing()) {
    incomplete_.add("process", "it ran on while it was read");
  }
  if (elsewhere_ || stopper_.stopped()) {
    memory_.setSource(nullptr);  // what would be read from here on is of another instant
  }
  elsewhere_.reset();
  if (!stopper_.stopped()) return;
  stopper_.release();
  pause_ += stopper_.releasedAt() - stoppedAt_;
  cutOff_ = stopper_.late();
}

}  // namespace

Result<std::unique_ptr<Target>> openProcess(std::int32_t pid, const OpenOptions& options) {
  // The number of a thread names its process too.
  const int group = pid > 0 ? std::atoi(readStatus(pid, "Tgid").c_str()) : 0;
  if (group > 0) pid = group;
  if (pid <= 0 || readStatus(pid, "State").empty()) {
    return fail(ErrorCode::notFound, fmt::format("there is no process {}", pid));
  }
  const std::int32_t readable = livingThread(pid);
  if (readable == 0) return fail(ErrorCode::gone, fmt::format("process {} has exited", pid));
  auto target = std::make_unique<ProcessTarget>(pid, readable, options);
  if (auto opened = target->open(options); !opened) return tl::unexpected(opened.error());
  return target;
}

}  // namespace parked::target
