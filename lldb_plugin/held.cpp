#include "held.h"

#include <cstring>
#include <fstream>
#include <unistd.h>

#include "access.h"

namespace parked::lldb_plugin {
namespace {

/// A number from /proc/PID/status ("TracerPid", "PPid"); 0 if there is none.
std::int32_t statusField(std::int32_t pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  while (status >> word) {
    if (word == name + ":") {
      std::int32_t value = 0;
      status >> value;
      return status ? value : 0;
    }
    status.ignore(1 << 16, '\n');
  }
  return 0;
}

/// lldb reads a local process as it reads a remote one, through an lldb-server; a local one is told
/// apart by its tracer being a child of this lldb. A process id alone could be another machine's.
bool isLocal(std::int32_t pid) {
  const std::int32_t tracer = statusField(pid, "TracerPid");
  if (tracer == 0) return false;
  if (tracer != getpid() && statusField(tracer, "PPid") != getpid()) return false;
  return access(("/proc/" + std::to_string(pid) + "/mem").c_str(), R_OK) == 0;
}

}  // namespace

bool describeHeld(lldb::SBDebugger& debugger, Held& held, std::string& error) {
  lldb::SBTarget target = debugger.GetSelectedTarget();
  lldb::SBProcess process = target.GetProcess();
  if (!process.IsValid()) {
    error =
        "there is nothing to read: open a core (target create -c), attach to a process, or run one";
    return false;
  }
  switch (process.GetState()) {
    case lldb::eStateStopped:
    case lldb::eStateCrashed:
    case lldb::eStateSuspended:
      break;
    case lldb::eStateRunning:
    case lldb::eStateStepping:
      error = "the process is running: interrupt it first (process interrupt)";
      return false;
    default:
      error = "the process is gone";
      return false;
  }
  held.executable = executablePath(target);
  held.processId = process.GetUniqueID();
  held.stopId = process.GetStopID(true);
  held.core = pathOf(process.GetCoreFile());
  if (!held.core.empty()) {
    held.kind = Held::Kind::core;
    return true;
  }
  held.pid = static_cast<std::int32_t>(process.GetProcessID());
  held.kind = isLocal(held.pid) ? Held::Kind::process : Held::Kind::remote;
  return true;
}

}  // namespace parked::lldb_plugin
