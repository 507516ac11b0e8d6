// A target that a debugger reads for us: gdb or lldb on a remote stub.
#include <fmt/format.h>

#include "target/elf_file.h"
#include "target/overlay.h"
#include "target/target.h"

namespace parked::target {
namespace {

class DebuggerTarget final : public Target {
 public:
  Result<void> open(DebuggerHost& host, const OpenOptions& options);
};

Result<void> DebuggerTarget::open(DebuggerHost& host, const OpenOptions& options) {
  kind_ = Kind::debugger;
  description_ = "the debugger's target";
  const std::string path = options.executable.empty() ? host.executable() : options.executable;
  if (path.empty()) {
    return fail(ErrorCode::notFound,
                "the debugger does not know the executable; tell it with `file`");
  }
  auto executable = ElfFile::open(path);
  if (!executable) return tl::unexpected(executable.error());
  executable_ = *executable;
  arch_ = executable_->arch();
  const auto bias = host.loadBias();
  if (!bias && executable_->isPositionIndependent()) {
    return fail(ErrorCode::unreadable,
                fmt::format("the debugger does not say where {} was loaded", path));
  }
  bias_ = bias.value_or(0);
  overlayExecutable(memory_, *executable_, bias_, false);
  memory_.setSource(&host);
  auto regions = host.regions();
  if (regions.empty()) {
    // Any user address is worth a try; page 0 never is.
    Region everything;
    everything.start = 0x10000;
    everything.end = Addr{1} << 47;
    everything.writable = true;
    regions.push_back(everything);
  }
  for (Region region : regions) {
    region.mapped = nullptr;
    memory_.add(region);
  }
  if (!options.force) {
    const auto ids = buildIdsInMemory(memory_, linkBase(*executable_) + bias_);
    if (auto same = checkBuildId(ids, *executable_); !same) return same;
  }
  threads_ = host.threads();
  return {};
}

}  // namespace

Result<std::unique_ptr<Target>> openDebugger(DebuggerHost& host, const OpenOptions& options) {
  auto target = std::make_unique<DebuggerTarget>();
  if (auto opened = target->open(host, options); !opened) return tl::unexpected(opened.error());
  return target;
}

}  // namespace parked::target
