// A target that a debugger reads for us: gdb or lldb on a remote stub.
#include <algorithm>
#include <fmt/format.h>

#include "target/elf_file.h"
#include "target/go_files.h"
#include "target/overlay.h"
#include "target/printable.h"
#include "target/target.h"

namespace parked::target {
namespace {

class DebuggerTarget final : public Target {
 public:
  Result<void> open(DebuggerHost& host, const OpenOptions& options);

 private:
  GoFiles librariesOf(DebuggerHost& host, const std::string& program);
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
  arch_ = &executable_->arch();
  if (executable_->isCore()) {
    return fail(ErrorCode::badFormat,
                fmt::format("{} is a core file, not an executable", printable(path)));
  }
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
  for (Region& region : regions) region.mapped = nullptr;
  for (const Region& region : regions) memory_.add(region);

  auto bias = host.loadBias();
  if (!bias && executable_->isPositionIndependent()) bias = findBias(memory_, *executable_);
  if (!bias && executable_->isPositionIndependent()) {
    return fail(ErrorCode::unreadable,
                fmt::format("the debugger does not say where {} was loaded", printable(path)));
  }
  bias_ = bias.value_or(0);
  if (auto same = checkProgram(memory_, *executable_, bias_, description_); !same) {
    if (!options.force) return same;
    incomplete_.add("executable", "it is not the program of the target; read all the same");
  }
  auto chosen = chooseRuntime(executable_, bias_, path, librariesOf(host, path), options.module);
  if (!chosen) return chosen;
  if (executable_->path() != path) program_ = path;
  // Read-only pages come from the file from here on: a remote stub is slow.
  memory_.clear();
  overlayFiles();
  for (const Region& region : regions) memory_.add(region);
  threads_ = host.threads();
  return {};
}

/// A debugger knows files; where they were loaded their build ids tell.
GoFiles DebuggerTarget::librariesOf(DebuggerHost& host, const std::string& program) {
  GoFiles files;
  std::vector<std::uint64_t> known;
  for (const std::string& path : host.libraries()) {
    if (path == program) continue;
    const auto file = ElfFile::open(path);
    if (!file || goBuildInfo(**file).empty()) continue;
    const auto bias = findBias(memory_, **file);
    if (!bias || std::ranges::find(known, *bias) != known.end()) continue;
    known.push_back(*bias);
    if (auto go = asGoFile(path, *file, *bias)) files.found.push_back(std::move(*go));
  }
  return files;
}

}  // namespace

Result<std::unique_ptr<Target>> openDebugger(DebuggerHost& host, const OpenOptions& options) {
  auto target = std::make_unique<DebuggerTarget>();
  if (auto opened = target->open(host, options); !opened) return tl::unexpected(opened.error());
  return target;
}

}  // namespace parked::target
