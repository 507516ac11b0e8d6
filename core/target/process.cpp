// A live process, read through process_vm_readv and /proc; only ever read.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include "target/elf_file.h"
#include "target/overlay.h"
#include "target/proc.h"
#include "target/target.h"
#include "target/thread_stop.h"

namespace parked::target {
namespace {

class ProcessBytes final : public ByteSource {
 public:
  explicit ProcessBytes(std::int32_t pid)
      : pid_(pid), fd_(open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC)) {}
  ProcessBytes(const ProcessBytes&) = delete;
  ProcessBytes& operator=(const ProcessBytes&) = delete;
  ~ProcessBytes() override {
    if (fd_ >= 0) close(fd_);
  }

  std::size_t read(Addr address, std::span<std::byte> out) override {
    iovec local{out.data(), out.size()};
    iovec remote{reinterpret_cast<void*>(address), out.size()};
    const ssize_t got = process_vm_readv(pid_, &local, 1, &remote, 1, 0);
    if (got > 0) return static_cast<std::size_t>(got);
    // Seccomp filters of containers forbid the call but not the file.
    if (fd_ < 0) return 0;
    const ssize_t fromFile = pread(fd_, out.data(), out.size(), static_cast<off_t>(address));
    return fromFile > 0 ? static_cast<std::size_t>(fromFile) : 0;
  }

 private:
  std::int32_t pid_;
  int fd_;
};

class ProcessTarget final : public Target {
 public:
  ProcessTarget(std::int32_t pid, const OpenOptions& options) : bytes_(pid) {
    pid_ = pid;
    stop_ = options.stop;
    if (options.heldThreads != nullptr) held_ = *options.heldThreads;
    heldByOthers_ = options.heldThreads != nullptr;
    kind_ = stop_ || heldByOthers_ ? Kind::liveStopped : Kind::liveUnstopped;
    description_ = fmt::format("process {}", pid);
  }
  ProcessTarget(const ProcessTarget&) = delete;
  ProcessTarget& operator=(const ProcessTarget&) = delete;
  ~ProcessTarget() override { ProcessTarget::release(); }

  Result<void> open(const OpenOptions& options);
  Result<void> freeze() override;
  void release() override;

 private:
  Result<void> readMemoryMap();

  ProcessBytes bytes_;
  ThreadStop stopper_;
  std::vector<Thread> held_;
  bool heldByOthers_ = false;
  bool stop_ = true;
  std::chrono::steady_clock::time_point stoppedAt_;
};

Result<void> ProcessTarget::readMemoryMap() {
  auto maps = readMaps(pid_);
  if (!maps) return tl::unexpected(maps.error());
  if (maps->regions.empty()) {  // a zombie, or a kernel thread
    return fail(ErrorCode::gone, fmt::format("process {} has no memory: it has exited", pid_));
  }
  mappings_ = std::move(maps->mappings);
  memory_.clear();
  // Read-only pages come from the file, where they cost no call.
  overlayExecutable(memory_, *executable_, bias_, false);
  for (const Region& region : maps->regions) memory_.add(region);
  return {};
}

Result<void> ProcessTarget::open(const OpenOptions& options) {
  const std::string folder = fmt::format("/proc/{}", pid_);
  if (pid_ <= 0 || access(folder.c_str(), F_OK) != 0) {
    return fail(ErrorCode::notFound, fmt::format("there is no process {}", pid_));
  }
  // The link itself is opened, not what it points to: that works for a deleted file and for another
  // mount namespace.
  const std::string link = folder + "/exe";
  std::array<char, 4096> shown{};
  const ssize_t length = readlink(link.c_str(), shown.data(), shown.size() - 1);
  if (length < 0) {
    if (errno == ENOENT) {
      return fail(ErrorCode::gone,
                  fmt::format("process {} is a kernel thread or has exited", pid_));
    }
    return fail(
        ErrorCode::permission,
        fmt::format("not allowed to read process {} ({}): run as its user or as root, or with "
                    "CAP_SYS_PTRACE",
                    pid_, std::strerror(errno)));
  }
  auto maps = readMaps(pid_);
  if (!maps) return tl::unexpected(maps.error());
  auto executable = options.executable.empty() ? ElfFile::open(link, shown.data())
                                               : ElfFile::open(options.executable);
  if (!executable) return tl::unexpected(executable.error());
  executable_ = *executable;
  arch_ = executable_->arch();
  memory_.setSource(&bytes_);

  const auto first =
      std::find_if(maps->mappings.begin(), maps->mappings.end(),
                   [&](const Mapping& m) { return m.path == shown.data() && m.fileOffset == 0; });
  if (first == maps->mappings.end()) {
    return fail(ErrorCode::unreadable,
                fmt::format("process {} does not map its executable {}", pid_, shown.data()));
  }
  if (executable_->isPositionIndependent()) bias_ = first->start - linkBase(*executable_);
  if (!options.executable.empty() && !options.force) {
    for (const Region& region : maps->regions) memory_.add(region);
    if (auto same = checkBuildId(buildIdsInMemory(memory_, first->start), *executable_); !same) {
      return tl::unexpected(same.error());
    }
  }
  return readMemoryMap();
}

Result<void> ProcessTarget::freeze() {
  if (heldByOthers_) {
    threads_ = held_;
  } else if (stop_) {
    stoppedAt_ = std::chrono::steady_clock::now();
    if (auto stopped = stopper_.stop(pid_, arch_); !stopped) return stopped;
    threads_ = stopper_.threads();
    const auto stubborn = std::count_if(threads_.begin(), threads_.end(),
                                        [](const Thread& t) { return !t.hasRegisters; });
    for (auto i = stubborn; i > 0; --i) {
      incomplete_.add("threads", "a thread in an uninterruptible system call did not stop");
    }
  } else {
    for (const std::int32_t tid : readThreadIds(pid_)) {
      Thread thread;
      thread.tid = tid;
      threads_.push_back(thread);
    }
  }
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  wallTimeNs_ = wall.tv_sec * 1'000'000'000LL + wall.tv_nsec;
  monotonicNs_ = monotonicOf(pid_);
  return readMemoryMap();
}

void ProcessTarget::release() {
  if (!stopper_.stopped()) return;
  memory_.setSource(nullptr);  // what would be read from here on is of another instant
  stopper_.release();
  pause_ = std::chrono::steady_clock::now() - stoppedAt_;
}

}  // namespace

Result<std::unique_ptr<Target>> openProcess(std::int32_t pid, const OpenOptions& options) {
  auto target = std::make_unique<ProcessTarget>(pid, options);
  if (auto opened = target->open(options); !opened) return tl::unexpected(opened.error());
  return target;
}

}  // namespace parked::target
