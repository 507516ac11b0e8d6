// What parked asks lldb for: registers always, memory where only lldb can read it.
#pragma once

#include <lldb/API/LLDB.h>

#include "parked/parked.h"

namespace parked::lldb_plugin {

/// The process in the facade's words. Memory, registers and ranges are read only when its functions
/// are called; the executable and the load bias are read here.
DebuggerAccess makeAccess(lldb::SBTarget target);

/// The path of the target's executable, "" if it has none.
std::string executablePath(lldb::SBTarget target);
std::string pathOf(const lldb::SBFileSpec& file);

}  // namespace parked::lldb_plugin
