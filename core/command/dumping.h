// A dump, from the opening of the target on, and reports of what was read for it.
#pragma once

#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "base/error.h"
#include "capture/dump.h"
#include "command/reading.h"
#include "command/runtimes.h"
#include "image/image.h"
#include "parked/parked.h"
#include "target/byte_sink.h"
#include "target/core_head.h"
#include "target/file_descriptor.h"
#include "target/read_log.h"

namespace parked::command {

struct DumpPlan {
  std::string module = {};  ///< --module
  bool redact = false;
  bool reports = false;  ///< report() is called, of all runtimes
  /// The request's process is one of which the kernel is writing a core; must outlive the dumping.
  const target::DyingProcess* dying = nullptr;
};

/// How a dump is written.
struct Packing {
  std::optional<int> level = {};  ///< zstd's
  bool uncompressed = false;
};

/// A file without a name, in memory.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("dump", MFD_CLOEXEC)) {}
  int descriptor() const { return file_.get(); }
  std::string path() const { return fmt::format("/proc/self/fd/{}", file_.get()); }

 private:
  target::FileDescriptor file_;
};

class Dumping {
 public:
  /// `host` must outlive the object.
  Dumping(OpenRequest request, DumpPlan plan, const Host& host);

  /// Reads the target, and what is to be left out of it. Errors: as Reading::open(); unreadable, if
  /// a process was let go before all was copied; io, if a file changed meanwhile.
  Result<void> read();
  /// After read(), before report(). Errors: as capture::writeDump().
  Result<void> write(target::ByteSink& out, const Packing& packing);

  /// read() came far enough for a report, whatever it said.
  bool wasRead() const { return runtimes_.has_value() || !readings_.empty(); }
  /// A command about what was read, with everything, redacted or not.
  Result<CommandResult> report(const std::vector<std::string>& words, const Sink& sink);

 private:
  Result<void> open(const OpenRequest& request);
  Result<void> openOthers();
  Result<void> redact();
  image::Image& image() const;

  OpenRequest request_;
  DumpPlan plan_;
  const Host& host_;
  /// Of a process with several runtimes; not on a disk, as it is not redacted.
  std::optional<MemoryFile> copy_;
  target::ReadLog log_;
  std::vector<std::unique_ptr<Reading>> readings_;  ///< of each runtime
  std::optional<capture::Redaction> redaction_;
  std::optional<Runtimes> runtimes_;  ///< with the readings, once a report was made
};

}  // namespace parked::command
