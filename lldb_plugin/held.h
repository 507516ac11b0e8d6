// What lldb holds at the moment: a core, a process of this machine, or something remote.
#pragma once

#include <cstdint>
#include <lldb/API/LLDB.h>
#include <string>

namespace parked::lldb_plugin {

struct Held {
  enum class Kind : std::uint8_t {
    core,
    process,  ///< traced by an lldb-server of this lldb: read through /proc
    remote,   ///< only lldb can read it
  };
  Kind kind = Kind::core;
  std::string core;             ///< path, for Kind::core
  std::string executable;       ///< path as lldb knows it, "" if it has none
  std::int32_t pid = 0;         ///< for Kind::process
  std::uint32_t processId = 0;  ///< lldb's own number of the process, never used twice
  std::uint32_t stopId = 0;     ///< grows whenever the process ran

  bool operator==(const Held&) const = default;
};

/// Describes the debugger's selected target; on failure `error` says in one line what is missing.
bool describeHeld(lldb::SBDebugger& debugger, Held& held, std::string& error);

}  // namespace parked::lldb_plugin
