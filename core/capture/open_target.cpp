#include "capture/open_target.h"

#include <vector>

namespace parked::capture {

Result<std::unique_ptr<target::Target>> openTarget(const Source& source,
                                                   target::OpenOptions options) {
  if (!source.core.empty()) return target::openCore(source.core, options);
  if (source.pid > 0) {
    std::vector<target::Thread> held;
    if (source.heldStopped && options.heldThreads == nullptr) {
      if (source.debugger != nullptr) held = source.debugger->threads();
      options.heldThreads = &held;
    }
    return target::openProcess(source.pid, options);
  }
  if (source.debugger != nullptr) return target::openDebugger(*source.debugger, options);
  return fail(ErrorCode::usage, "nothing to open: no core, no process, no debugger");
}

}  // namespace parked::capture
