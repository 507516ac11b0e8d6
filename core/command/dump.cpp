// `parked dump`: a core with what a report needs.

#include "capture/dump.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <optional>

#include "base/replace_file.h"
#include "command/answered.h"
#include "command/options.h"
#include "command/reading.h"
#include "command/redact.h"
#include "parked/parked.h"
#include "target/pack.h"
#include "target/sparse_file.h"

namespace parked {

namespace {

/// Into a file, with holes.
class FileSink final : public target::ByteSink {
 public:
  FileSink(int file, const std::string& name) : file_(file), name_(name) {}
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
  const std::string& name_;
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
Result<void> checkWhole(const command::Reading& reading, const command::Invocation& asked) {
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
  const std::vector<std::string> runtimes = reading.runtimes();
  if (asked.module.empty() && runtimes.size() > 1) {
    return fail(ErrorCode::usage, fmt::format("a dump is of one Go runtime, and {} has {}: name "
                                              "one with --module",
                                              target.description(), runtimes.size()));
  }
  return {};
}

Result<void> pack(const command::Reading& reading, const command::Invocation& asked,
                  const capture::Redaction* redaction, target::ByteSink& out, const Host& host) {
  command::HostObserver observer(host);
  image::Image& image = *reading.workspace().snapshot().image;
  if (asked.uncompressed) return capture::writeDump(image, out, redaction, &observer);
  target::ZstdSink packed(out, asked.level.value_or(target::ZstdSink::kUsual));
  return capture::writeDump(image, packed, redaction, &observer);
}

Result<Exit> dumpTarget(OpenRequest request, const std::vector<std::string>& words,
                        const Style& style, const Host& host, const Sink& sink) {
  const auto asked = command::parse(words);
  if (!asked) return tl::unexpected(asked.error());
  if (asked->kind != command::Kind::dump) return fail(ErrorCode::usage, "this is no dump");
  const bool toStdout = asked->output == "-";
  if (toStdout && !style.bytes) {
    return fail(ErrorCode::usage, "a core is no text for a terminal: send it to a file or a pipe");
  }
  if (request.pid > 0 && !request.stop) {
    return fail(ErrorCode::usage, "dump needs the process to stand still, which --no-stop forbids");
  }
  request.module = asked->module;
  // What they need is copied.
  request.proof = request.resources = true;
  command::Reading reading;
  target::ReadLog log;
  if (asked->redact) reading.record(log);
  if (auto opened = reading.open(request, host, nullptr); !opened) {
    return tl::unexpected(reading.explained(opened.error()));
  }
  if (auto whole = checkWhole(reading, *asked); !whole) return tl::unexpected(whole.error());
  const auto redaction = asked->redact ? command::redact(reading, log, host)
                                       : Result<std::optional<capture::Redaction>>();
  if (!redaction) return tl::unexpected(redaction.error());
  const capture::Redaction* how = *redaction ? &**redaction : nullptr;
  if (toStdout) {
    FrontEndSink out(sink);
    if (auto done = pack(reading, *asked, how, out, host); !done)
      return tl::unexpected(done.error());
    return Exit::clean;
  }
  constexpr mode_t kOwnersOnly = 0600;  // it is the memory of a program
  auto file = NewFile::make(asked->output, kOwnersOnly);
  if (!file) return tl::unexpected(file.error());
  FileSink out(file->descriptor(), asked->output);
  auto done = pack(reading, *asked, how, out, host);
  if (done) done = file->finish();
  if (!done) return tl::unexpected(done.error());
  return Exit::clean;
}

}  // namespace

CommandResult dump(const OpenRequest& request, const std::vector<std::string>& words,
                   const Style& style, const Host& host, const Sink& sink) {
  return command::answered([&] { return dumpTarget(request, words, style, host, sink); });
}

}  // namespace parked
