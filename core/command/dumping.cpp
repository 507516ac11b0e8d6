#include "command/dumping.h"

#include <fmt/format.h>
#include <string>
#include <sys/mman.h>
#include <utility>
#include <vector>

#include "command/host_observer.h"
#include "command/options.h"
#include "command/redact.h"
#include "target/file_descriptor.h"
#include "target/pack.h"
#include "target/sparse_file.h"

namespace parked::command {

namespace {

/// Why what was read makes no dump.
Result<void> checkWhole(const Reading& reading) {
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

}  // namespace

Dumping::Dumping(OpenRequest request, DumpPlan plan, const Host& host)
    : request_(std::move(request)), plan_(std::move(plan)), host_(host) {
  request_.module = plan_.module;
  // What they need is copied.
  request_.proof = request_.resources = true;
}

image::Image& Dumping::image() const { return *readings_.front()->workspace().snapshot().image; }

Result<void> Dumping::open(const OpenRequest& request) {
  auto reading = std::make_unique<Reading>();
  if (plan_.redact) reading->record(log_);
  if (plan_.dying != nullptr && request.pid > 0) reading->dies(*plan_.dying);
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
    target::FileSink out(copy_->descriptor(), "a file in memory");
    HostObserver observer(host_);
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
    if (auto opened = open(request); !opened) {
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
  if (auto opened = open(request_); !opened) return opened;
  const bool several = request_.module.empty() && readings_.front()->runtimes().size() > 1;
  if ((plan_.redact || plan_.reports) && several) {
    if (auto opened = openOthers(); !opened) return opened;
  }
  return plan_.redact ? redact() : Result<void>();
}

Result<void> Dumping::write(target::ByteSink& out, const Packing& packing) {
  HostObserver observer(host_);
  const capture::Redaction* redaction = redaction_ ? &*redaction_ : nullptr;
  if (packing.uncompressed) return capture::writeDump(image(), out, redaction, &observer);
  target::ZstdSink packed(out, packing.level.value_or(target::ZstdSink::kUsual));
  return capture::writeDump(image(), packed, redaction, &observer);
}

Result<CommandResult> Dumping::report(const std::vector<std::string>& words, const Sink& sink) {
  auto invocation = parse(words);
  if (!invocation) return tl::unexpected(invocation.error());
  if (!runtimes_) {
    for (const auto& reading : readings_)
      reading->workspace().snapshot().image->target().memory().record(nullptr);
    runtimes_ = Runtimes::of(std::exchange(readings_, {}));
  }
  return runtimes_->run(*invocation, Style{.bytes = true}, sink);
}

}  // namespace parked::command
