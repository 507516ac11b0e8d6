// Core files: kernel, gcore, Delve's dump; truncated and compressed ones too.
#include <algorithm>
#include <cstdlib>
#include <elf.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "target/core_notes.h"
#include "target/elf_file.h"
#include "target/overlay.h"
#include "target/target.h"

namespace parked::target {
namespace {

std::string folderOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::string baseOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

class CoreTarget final : public Target {
 public:
  Result<void> open(std::shared_ptr<const ElfFile> core, const OpenOptions& options);
  void setTime(const std::string& path);

 private:
  void addSegments();
  const Mapping* programMapping() const;
  Result<std::shared_ptr<const ElfFile>> findExecutable(const OpenOptions& options) const;

  std::shared_ptr<const ElfFile> core_;
  CoreNotes notes_;
};

// systemd-coredump keeps the time of the crash beside the file; else the file's own time is when
// the dump ended.
void CoreTarget::setTime(const std::string& path) {
  char text[32] = {};
  if (getxattr(path.c_str(), "user.coredump.timestamp", text, sizeof text - 1) > 0) {
    const long long microseconds = std::strtoll(text, nullptr, 10);
    if (microseconds > 0) {
      wallTimeNs_ = microseconds * 1000;
      return;
    }
  }
  struct stat st{};
  if (stat(path.c_str(), &st) == 0) {
    wallTimeNs_ = st.st_mtim.tv_sec * 1'000'000'000LL + st.st_mtim.tv_nsec;
  }
}

void CoreTarget::addSegments() {
  std::uint64_t cut = 0;
  Addr firstCut = 0;
  for (const ElfSegment& segment : core_->segments()) {
    if (segment.type != PT_LOAD) continue;
    if (segment.bytes.size() < segment.fileSize) {
      if (cut == 0) firstCut = segment.address + segment.bytes.size();
      cut += segment.fileSize - segment.bytes.size();
    }
    // What lies beyond fileSize was not dumped: absent, not zero.
    Region region;
    region.start = segment.address;
    region.end = segment.address + segment.bytes.size();
    region.mapped = segment.bytes.data();
    region.writable = (segment.flags & PF_W) != 0;
    region.executable = (segment.flags & PF_X) != 0;
    memory_.add(region);
  }
  if (core_->truncated()) {
    incomplete_.add("core file", fmt::format("it is cut off; {} bytes of memory are missing", cut),
                    firstCut);
  }
}

const Mapping* CoreTarget::programMapping() const {
  const Addr inside = notes_.programHeaders != 0 ? notes_.programHeaders : notes_.entry;
  for (const Mapping& m : mappings_) {
    if (inside >= m.start && inside < m.end) return &m;
  }
  return nullptr;
}

Result<std::shared_ptr<const ElfFile>> CoreTarget::findExecutable(
    const OpenOptions& options) const {
  if (!options.executable.empty()) return ElfFile::open(options.executable);
  std::vector<std::string> tries;
  if (const Mapping* m = programMapping()) {
    std::string path = m->path;
    constexpr std::string_view kDeleted = " (deleted)";
    if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
    tries.push_back(path);
    tries.push_back(folderOf(core_->path()) + "/" + baseOf(path));
  } else if (!notes_.program.empty()) {
    tries.push_back(folderOf(core_->path()) + "/" + notes_.program);
  }
  for (const std::string& path : tries) {
    if (access(path.c_str(), R_OK) == 0) return ElfFile::open(path);
  }
  return fail(
      ErrorCode::notFound,
      tries.empty()
          ? fmt::format("{} does not say which program it is of; name the executable: parked "
                        "core EXECUTABLE {}",
                        core_->path(), core_->path())
          : fmt::format("the program of {} is not at {}; name the executable: parked core "
                        "EXECUTABLE {}",
                        core_->path(), tries.front(), core_->path()));
}

Result<void> CoreTarget::open(std::shared_ptr<const ElfFile> core, const OpenOptions& options) {
  core_ = std::move(core);
  kind_ = Kind::core;
  arch_ = core_->arch();
  description_ = core_->path();
  if (!core_->isCore()) {
    return fail(ErrorCode::badFormat, fmt::format("{} is not a core file", core_->path()));
  }
  notes_ = readCoreNotes(core_->notes(), arch_);
  threads_ = notes_.threads;
  mappings_ = notes_.mappings;
  pid_ = notes_.pid;
  signal_ = notes_.signal;
  addSegments();
  if (threads_.empty()) incomplete_.add("threads", "the core has no thread notes");

  auto executable = findExecutable(options);
  if (!executable) return tl::unexpected(executable.error());
  executable_ = *executable;
  if (executable_->isCore()) {
    return fail(ErrorCode::badFormat,
                fmt::format("{} is a core file, not an executable", executable_->path()));
  }
  if (executable_->arch() != arch_) {
    return fail(ErrorCode::mismatch, fmt::format("{} and {} are for different machines",
                                                 executable_->path(), core_->path()));
  }
  Addr header = linkBase(*executable_);
  if (executable_->isPositionIndependent()) {
    if (const Mapping* m = programMapping()) {
      const auto first = std::find_if(
          mappings_.begin(), mappings_.end(),
          [&](const Mapping& other) { return other.path == m->path && other.fileOffset == 0; });
      header = (first != mappings_.end() ? first->start : m->start - m->fileOffset);
    } else if (notes_.entry != 0) {
      header = notes_.entry - executable_->entry() + linkBase(*executable_);
    } else {
      return fail(ErrorCode::unreadable,
                  fmt::format("{} does not say where the position-independent {} was loaded",
                              core_->path(), executable_->path()));
    }
    bias_ = header - linkBase(*executable_);
  }
  if (!options.force) {
    if (auto same = checkBuildId(buildIdsInMemory(memory_, header), *executable_); !same) {
      return tl::unexpected(same.error());
    }
  }
  // The kernel dumps a writable private mapping whole once any page of it was written, and leaves
  // it out if none was: then the file has the truth. In a truncated core what is missing may have
  // been written.
  overlayExecutable(memory_, *executable_, bias_, !core_->truncated());
  return {};
}

}  // namespace

Result<std::unique_ptr<Target>> openCore(std::shared_ptr<const ElfFile> core,
                                         const OpenOptions& options) {
  auto target = std::make_unique<CoreTarget>();
  target->setTime(core->path());
  if (auto opened = target->open(std::move(core), options); !opened) {
    return tl::unexpected(opened.error());
  }
  return target;
}

Result<std::unique_ptr<Target>> openCore(const std::string& path, const OpenOptions& options) {
  auto core = ElfFile::open(path);
  if (!core) return tl::unexpected(core.error());
  return openCore(*core, options);
}

}  // namespace parked::target
