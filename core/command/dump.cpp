// `parked dump`: a core with what a report needs.

#include "capture/dump.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string>
#include <sys/mman.h>
#include <utility>
#include <vector>

#include "base/replace_file.h"
#include "command/answered.h"
#include "command/memory_limit.h"
#include "command/options.h"
#include "command/reading.h"
#include "command/redact.h"
#include "parked/parked.h"
#include "target/file_descriptor.h"
#include "target/pack.h"
#include "target/sparse_file.h"

namespace parked {

namespace {

/// Into a file, with holes.
class FileSink final : public target::ByteSink {
 public:
  FileSink(int file, std::string name) : file_(file), name_(std::move(name)) {}
  Result<void> append(std::span<const std::byte> bytes) override {
    return file_.append(bytes) ? Result<void>() : failure();
  }
  Result<void> finish() override { return file_.finish() ? Result<void>() : failure(); }

 private:
  Result<void> failure() const {
    return fail(ErrorCode::io,
                fmt::format("{} cannot be written: {}", name_, std::strerror(errno)));
  }

  target::SparseFile file_;
  std::string name_;
};

/// To whoever shows what commands say.
class FrontEndSink final : public target::ByteSink {
 public:
  explicit FrontEndSink(const Sink& sink) : sink_(sink) {}
  Result<void> append(std::span<const std::byte> bytes) override {
    if (sink_({reinterpret_cast<const char*>(bytes.data()), bytes.size()})) return {};
    return fail(ErrorCode::interrupted, "interrupted: the output is cut off");
  }
  Result<void> finish() override { return {}; }

 private:
  const Sink& sink_;
};

/// Why what was read makes no dump.
Result<void> checkWhole(const command::Reading& reading) {
  target::Target& target = reading.workspace().snapshot().image->target();
  if (reading.workspace().interrupted()) return fail(ErrorCode::interrupted, "interrupted");
  if (target.late()) {
    return fail(ErrorCode::unreadable,
                fmt::format("{} was let go before all was copied: a longer --max-pause is needed "
                            "(0: no bound)",
                            target.description()));
  }
  if (const auto how = target.changed()) {
    return fail(ErrorCode::io, fmt::format("the {}: {}", how->what, how->detail));
  }
  return {};
}

/// A file without a name, in memory: what is not redacted must not get onto a disk.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("dump", MFD_CLOEXEC)) {}
  int descriptor() const { return file_.get(); }
  std::string path() const { return fmt::format("/proc/self/fd/{}", file_.get()); }

 private:
  target::FileDescriptor file_;
};

/// One dump, from the opening of the target on.
class Dumping {
 public:
  Dumping(OpenRequest request, const command::Invocation& asked, const Host& host)
      : request_(std::move(request)), asked_(asked), host_(host) {
    request_.module = asked.module;
    // What they need is copied.
    request_.proof = request_.resources = true;
  }

  /// Reads the target, and what is to be left out of it.
  Result<void> read();
  Result<void> write(target::ByteSink& out);

 private:
  Result<void> open(const OpenRequest& request, bool recorded);
  Result<void> openOthers();
  Result<void> redact();
  image::Image& image() const { return *readings_.front()->workspace().snapshot().image; }

  OpenRequest request_;
  const command::Invocation& asked_;
  const Host& host_;
  std::optional<MemoryFile> copy_;  ///< of a process with several runtimes, before it is redacted
  target::ReadLog log_;
  std::vector<std::unique_ptr<command::Reading>> readings_;  ///< of each runtime
  std::optional<capture::Redaction> redaction_;
};

Result<void> Dumping::open(const OpenRequest& request, bool recorded) {
  auto reading = std::make_unique<command::Reading>();
  if (recorded) reading->record(log_);
  reading->copyEveryRuntime();
  if (auto opened = reading->open(request, host_, nullptr); !opened) {
    return tl::unexpected(reading->explained(opened.error()));
  }
  readings_.push_back(std::move(reading));
  return checkWhole(*readings_.back());
}

/// What each runtime needs is noted by a reading of its own; of a process, of its copy, which
/// stands still.
Result<void> Dumping::openOthers() {
  OpenRequest request = request_;
  std::vector<std::string> files = readings_.front()->runtimes();
  if (request.pid > 0) {
    copy_.emplace();
    FileSink out(copy_->descriptor(), "a file in memory");
    command::HostObserver observer(host_);
    if (auto done = capture::writeDump(image(), out, nullptr, &observer); !done) return done;
    readings_.clear();
    request.core = copy_->path();
    // It may be in another mount namespace.
    request.sysroots = {fmt::format("/proc/{}/root", request.pid)};
    request.pid = 0;
  } else {
    std::erase(files, readings_.front()->file());
  }
  for (const std::string& file : files) {
    request.module = file;
    if (auto opened = open(request, true); !opened) {
      opened.error().message =
          fmt::format("{} is not read, and may have anything: {}", file, opened.error().message);
      return opened;
    }
  }
  return {};
}

Result<void> Dumping::redact() {
  for (const auto& reading : readings_) {
    auto made = command::redact(*reading, log_, host_);
    if (!made) return tl::unexpected(made.error());
    if (!*made) return {};
    if (redaction_) {
      redaction_->add(**made);
    } else {
      redaction_.emplace(std::move(**made));
    }
  }
  return {};
}

Result<void> Dumping::read() {
  if (auto opened = open(request_, asked_.redact); !opened) return opened;
  const bool several = request_.module.empty() && readings_.front()->runtimes().size() > 1;
  if (asked_.redact && several) {
    if (auto opened = openOthers(); !opened) return opened;
  }
  return asked_.redact ? redact() : Result<void>();
}

Result<void> Dumping::write(target::ByteSink& out) {
  command::HostObserver observer(host_);
  const capture::Redaction* redaction = redaction_ ? &*redaction_ : nullptr;
  if (asked_.uncompressed) return capture::writeDump(image(), out, redaction, &observer);
  target::ZstdSink packed(out, asked_.level.value_or(target::ZstdSink::kUsual));
  return capture::writeDump(image(), packed, redaction, &observer);
}

Result<Exit> dumpTarget(const OpenRequest& request, const command::Invocation& asked,
                        const Style& style, const Host& host, const Sink& sink) {
  const bool toStdout = asked.output == "-";
  if (toStdout && !style.bytes) {
    return fail(ErrorCode::usage, "a core is no text for a terminal: send it to a file or a pipe");
  }
  if (request.pid > 0 && !request.stop) {
    return fail(ErrorCode::usage, "dump needs the process to stand still, which --no-stop forbids");
  }
  Dumping dumping(request, asked, host);
  if (auto done = dumping.read(); !done) return tl::unexpected(done.error());
  if (toStdout) {
    FrontEndSink out(sink);
    if (auto done = dumping.write(out); !done) return tl::unexpected(done.error());
    return Exit::clean;
  }
  constexpr mode_t kOwnersOnly = 0600;  // it is the memory of a program
  auto file = NewFile::make(asked.output, kOwnersOnly);
  if (!file) return tl::unexpected(file.error());
  FileSink out(file->descriptor(), asked.output);
  auto done = dumping.write(out);
  if (done) done = file->finish();
  if (!done) return tl::unexpected(done.error());
  return Exit::clean;
}

/// Within --memory-limit.
Result<Exit> dumpWithin(const OpenRequest& request, const std::vector<std::string>& words,
                        const Style& style, const Host& host, const Sink& sink) {
  const auto asked = command::parse(words);
  if (!asked) return tl::unexpected(asked.error());
  if (asked->kind != command::Kind::dump) return fail(ErrorCode::usage, "this is no dump");
  const command::MemoryLimit limit(host, asked->memoryLimit);
  auto done = dumpTarget(request, *asked, style, limit.host(), sink);
  return done ? done : tl::unexpected(limit.explained(done.error()));
}

}  // namespace

CommandResult dump(const OpenRequest& request, const std::vector<std::string>& words,
                   const Style& style, const Host& host, const Sink& sink) {
  return command::answered([&] { return dumpWithin(request, words, style, host, sink); });
}

}  // namespace parked
