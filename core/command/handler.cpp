// `parked handler`: what is kept of a process that dies, as the kernel tells of it by core_pattern.

#include "parked/handler.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <string>
#include <unistd.h>
#include <utility>

#include "base/text.h"
#include "command/answered.h"
#include "command/dumping.h"
#include "command/handler_folder.h"
#include "command/incoming.h"
#include "command/kept_files.h"
#include "command/memory_limit.h"
#include "command/options.h"
#include "command/pass_on.h"
#include "command/spool.h"
#include "report/escape.h"
#include "target/core_head.h"
#include "target/go_files.h"
#include "target/proc.h"
#include "target/sparse_file.h"

namespace parked {

namespace {

using command::HandlerOptions;
using target::FileDescriptor;

/// Seconds beyond --max-time: whoever has not noticed by then that it is over is ended.
constexpr unsigned kGrace = 20;

/// A core that can be read, and where its files are.
struct Found {
  std::string core;
  std::vector<std::string> problems;  ///< what it lacks
};

/// One crash.
class Handling {
 public:
  Handling(const command::Invocation& asked, int input, const Host& host)
      : asked_(asked),
        options_(asked.handler),
        deadline_(std::chrono::steady_clock::now() + asked.handler.maxTime),
        host_(host),
        in_(input, host_) {
    host_.cancelled = [this, asked = host.cancelled] {
      return std::chrono::steady_clock::now() > deadline_ || (asked && asked());
    };
  }

  Result<Exit> run();
  /// The error, if nothing but the time is the reason.
  Error timed(Error error) const;
  /// What was done, in a line.
  const std::string& said() const { return said_; }

 private:
  void holdFiles();
  Result<void> readHead();
  /// Reads the process itself, which stands still until the pipe is read or closed.
  Result<std::string> copyProcess();
  Result<std::string> store();
  OpenRequest requestOf(const std::string& core) const;
  Result<Exit> keep(Found found);
  Result<Exit> giveAway(const Error& why);
  Result<std::size_t> again(std::span<std::byte> out);

  const command::Invocation& asked_;
  const HandlerOptions& options_;
  std::chrono::steady_clock::time_point deadline_;
  Host host_;
  command::Incoming in_;
  std::vector<std::byte> head_;       ///< of the core: what was read of it so far
  bool isCore_ = false;               ///< it has the headers and notes of one
  FileDescriptor executable_, root_;  ///< the process's, which may be gone before all is read
  std::string executableName_;
  std::optional<command::MemoryFile> copy_;
  std::optional<command::Spool> spool_;
  std::uint64_t passed_ = 0;  ///< bytes that again() gave
  std::string said_;
};

void Handling::holdFiles() {
  const std::string process = fmt::format("/proc/{}", options_.pid);
  executable_ = FileDescriptor(open((process + "/exe").c_str(), O_RDONLY | O_CLOEXEC));
  root_ = FileDescriptor(open((process + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  executableName_ = target::withoutDeleted(target::readLink(process + "/exe"));
}

Result<void> Handling::readHead() {
  for (std::uint64_t size = target::headSize({}); size > head_.size();
       size = target::headSize(head_)) {
    if (auto done = in_.readUpTo(size, head_); !done) return done;
    if (head_.size() < size) break;  // that was all
  }
  if (head_.empty()) return fail(ErrorCode::badFormat, "nothing came in");
  const std::uint64_t size = target::headSize(head_);
  isCore_ = size != 0 && size <= head_.size();
  return {};
}

Result<std::string> Handling::copyProcess() {
  auto dying = target::readHead(head_);
  if (!dying) return tl::unexpected(dying.error());
  if (target::ownThreadId(options_.pid) != dying->pid) {
    return fail(ErrorCode::mismatch, fmt::format("the core is of process {}", dying->pid));
  }
  // A half for what is read, a half for the file.
  const std::uint64_t half = asked_.memoryLimit / 2;
  const command::MemoryLimit limit(host_, half);
  OpenRequest request;
  request.pid = options_.pid;
  request.alreadyStopped = true;
  request.maxPause = std::chrono::nanoseconds(0);
  command::Dumping dumping(request, {.dying = &*dying}, limit.host());
  if (auto done = dumping.read(); !done) {
    return tl::unexpected(limit.explained(done.error()));
  }
  copy_.emplace();
  target::FileSink out(copy_->descriptor(), "a file in memory", half == 0 ? ~half : half);
  if (auto done = dumping.write(out, {.uncompressed = true}); !done) {
    return tl::unexpected(limit.explained(done.error()));
  }
  if (!target::isDumpingCore(options_.pid)) {
    return fail(ErrorCode::gone, "it ended while it was read");
  }
  return copy_->path();
}

Error Handling::timed(Error error) const {
  if (error.code != ErrorCode::interrupted || std::chrono::steady_clock::now() < deadline_) {
    return error;
  }
  error.message = fmt::format("it takes longer than --max-time {} allows",
                              humanDuration(options_.maxTime.count()));
  return error;
}

Result<std::string> Handling::store() {
  auto spool = command::Spool::make(options_.folder);
  if (!spool) return tl::unexpected(spool.error());
  spool_.emplace(std::move(*spool));
  if (auto filled = spool_->fill(head_, in_, options_.maxSpool); !filled) {
    return tl::unexpected(filled.error());
  }
  spool_->setTime(options_.time);
  return spool_->path();
}

OpenRequest Handling::requestOf(const std::string& core) const {
  const auto held = [](const FileDescriptor& file) {
    return fmt::format("/proc/self/fd/{}", file.get());
  };
  OpenRequest request;
  request.core = core;
  request.debugFolders = asked_.debugFolders;
  if (root_) request.sysroots = {held(root_)};
  if (executable_) {
    request.executable = held(executable_);
    request.executableName = executableName_;
  }
  return request;
}

Result<Exit> Handling::keep(Found found) {
  const auto name = command::KeptName::of(options_.name, options_.pid, options_.time);
  OpenRequest request = requestOf(found.core);
  request.coreName = fmt::format("{}/{}.core", options_.folder, name.text());
  const command::MemoryLimit limit(host_, copy_ ? asked_.memoryLimit / 2 : asked_.memoryLimit);
  command::Dumping dumping(request, {.redact = !options_.whole, .reports = true}, limit.host());
  // A program that was made for that names files that only root may read.
  constexpr bool kSource = false;
  command::KeptMoment kept = command::keepMoment(dumping, options_.folder, name, kSource);
  for (std::string& each : kept.problems) found.problems.push_back(std::move(each));
  if (limit.passed()) found.problems.push_back(limit.explained({}).message);
  if (const std::string late = timed({ErrorCode::interrupted, ""}).message; !late.empty()) {
    found.problems.push_back(late);
  }
  if (kept.files().empty() && kept.unread) {
    return giveAway(limit.explained(*kept.unread));
  }
  command::removeOldest(options_.folder, {asked_.keep.value_or(0), options_.keepBytes});
  said_ = kept.said();
  for (const std::string& problem : found.problems) said_ += "; " + problem;
  if (kept.files().empty()) return Exit::unusable;
  return found.problems.empty() && !kept.incomplete ? Exit::clean : Exit::incomplete;
}

/// The core from its start, wherever it is now.
Result<std::size_t> Handling::again(std::span<std::byte> out) {
  if (spool_) {
    const ssize_t got =
        pread(spool_->descriptor(), out.data(), out.size(), static_cast<off_t>(passed_));
    if (got < 0) return fail(ErrorCode::io, "the core cannot be read again");
    passed_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
  if (passed_ >= head_.size()) return in_.read(out);
  const auto part = std::span(head_).subspan(passed_);
  const std::size_t size = std::min(part.size(), out.size());
  std::memcpy(out.data(), part.data(), size);
  passed_ += size;
  return size;
}

Result<Exit> Handling::giveAway(const Error& why) {
  const bool isGo = !isCore_ || why.code != ErrorCode::badFormat;
  if (options_.passOn.empty()) {
    if (isGo) return tl::unexpected(why);
    said_ = fmt::format("nothing kept: {}", why.message);
    return Exit::clean;
  }
  if (spool_ && spool_->cut()) {
    return fail(why.code, fmt::format("{}; it is not passed on: {}", why.message, *spool_->cut()));
  }
  const auto done = command::passOn(
      options_.passOn, options_.words, [this](std::span<std::byte> out) { return again(out); },
      host_);
  if (!done) {
    return fail(done.error().code,
                fmt::format("{}; not passed on: {}", why.message, done.error().message));
  }
  said_ =
      fmt::format("passed on to {}, which ended with {}: {}", options_.passOn, *done, why.message);
  return *done == 0 ? Exit::clean : Exit::unusable;
}

Result<Exit> Handling::run() {
  if (auto head = readHead(); !head) return tl::unexpected(head.error());
  Found found;
  if (target::isDumpingCore(options_.pid)) {
    holdFiles();
    auto copied =
        isCore_ ? copyProcess() : fail(ErrorCode::badFormat, "its core does not begin as one");
    if (copied) {
      // The process can end now, and somebody start it again.
      in_.close();
      found.core = *copied;
      return keep(std::move(found));
    }
    copy_.reset();
    const ErrorCode code = copied.error().code;
    if (isCore_ && (code == ErrorCode::badFormat || code == ErrorCode::interrupted)) {
      return giveAway(copied.error());
    }
    command::logLine(options_.folder,
                     fmt::format("process {}: read from its core, not directly: {}", options_.pid,
                                 copied.error().message));
  }
  auto stored = store();
  if (!stored) return tl::unexpected(stored.error());
  in_.close();
  found.core = *stored;
  if (spool_->cut())
    found.problems.push_back(fmt::format("the core is cut off: {}", *spool_->cut()));
  return keep(std::move(found));
}

Result<Exit> handleCrash(const std::vector<std::string>& words, int input, const Host& host,
                         std::string& said) {
  FileDescriptor pipe(input);
  const auto asked = command::parse(words);
  if (!asked) return tl::unexpected(asked.error());
  if (asked->kind != command::Kind::handler) return fail(ErrorCode::usage, "this is no handler");
  const HandlerOptions& options = asked->handler;
  if (auto folder = command::prepareHandlerFolder(options.folder); !folder) {
    return tl::unexpected(folder.error());
  }
  const std::string who =
      fmt::format("process {} ({}), signal {}", options.pid, options.name, options.signal);
  const auto begun = std::chrono::steady_clock::now();
  const auto tell = [&](std::string_view what) {
    const auto took = std::chrono::steady_clock::now() - begun;
    said = fmt::format("{}: {}; {}", who, what, humanDuration(took.count()));
    command::logLine(options.folder, said);
  };
  auto slot = command::Slot::take(options.folder, options.atOnce);
  if (slot && !*slot) {
    tell(fmt::format("given up, as {} work already (--at-once)", options.atOnce));
    return Exit::unusable;
  }
  if (!slot) {
    tell(slot.error().message);
    return Exit::unusable;
  }
  alarm(static_cast<unsigned>(
      std::chrono::duration_cast<std::chrono::seconds>(options.maxTime).count() + kGrace));
  Handling handling(*asked, std::exchange(pipe, FileDescriptor()).release(), host);
  const auto done = handling.run();
  tell(done ? handling.said() : handling.timed(done.error()).message);
  alarm(0);
  return done ? *done : Exit::unusable;
}

}  // namespace

CommandResult handle(const std::vector<std::string>& words, int input, const Host& host) {
  std::string said;
  CommandResult result = command::answered([&] { return handleCrash(words, input, host, said); });
  (result.exit == Exit::unusable && result.error.empty() ? result.error : result.output) =
      report::escape(said);
  return result;
}

}  // namespace parked
