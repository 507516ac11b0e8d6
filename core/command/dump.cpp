// `parked dump`: a core with what a report needs.

#include <string>
#include <sys/types.h>
#include <vector>

#include "base/replace_file.h"
#include "command/answered.h"
#include "command/dumping.h"
#include "command/memory_limit.h"
#include "command/options.h"
#include "parked/parked.h"
#include "target/byte_sink.h"
#include "target/sparse_file.h"

namespace parked {

namespace {

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

Result<Exit> dumpTarget(const OpenRequest& request, const command::Invocation& asked,
                        const Style& style, const Host& host, const Sink& sink) {
  const bool toStdout = asked.output == "-";
  if (toStdout && !style.bytes) {
    return fail(ErrorCode::usage, "a core is no text for a terminal: send it to a file or a pipe");
  }
  if (request.pid > 0 && !request.stop) {
    return fail(ErrorCode::usage, "dump needs the process to stand still, which --no-stop forbids");
  }
  command::Dumping dumping(request, {.module = asked.module, .redact = asked.redact}, host);
  if (auto done = dumping.read(); !done) return tl::unexpected(done.error());
  const command::Packing packing{.level = asked.level, .uncompressed = asked.uncompressed};
  if (toStdout) {
    FrontEndSink out(sink);
    if (auto done = dumping.write(out, packing); !done) return tl::unexpected(done.error());
    return Exit::clean;
  }
  constexpr mode_t kOwnersOnly = 0600;  // it is the memory of a program
  auto file = NewFile::make(asked.output, kOwnersOnly);
  if (!file) return tl::unexpected(file.error());
  target::FileSink out(file->descriptor(), asked.output);
  auto done = dumping.write(out, packing);
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
