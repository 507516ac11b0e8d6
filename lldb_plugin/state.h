// The session of what lldb holds, kept until the process moves.
#pragma once

#include <lldb/API/LLDB.h>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "held.h"
#include "moves.h"
#include "output.h"
#include "parked/parked.h"

namespace parked::lldb_plugin {

/// One per debugger; shared by its commands. lldb runs the commands of a debugger one at a time.
class State {
 public:
  State() : moves_([this] { forget(); }) {}

  /// Runs a command of the family; on failure `error` is set.
  void run(lldb::SBDebugger& debugger, std::vector<std::string> words, Output& output,
           std::string& error);

 private:
  bool open(const Held& held, const OpeningWords& opening, std::string& error);
  void forget();
  Host host();

  std::mutex mutex_;                      // of what follows; held while a command runs
  lldb::SBDebugger* debugger_ = nullptr;  // while a command runs
  Progress* progress_ = nullptr;          // while a target is opened
  Held held_;
  OpeningWords opening_;
  // The session asks the access, so that must outlive it.
  std::unique_ptr<DebuggerAccess> access_;
  std::unique_ptr<Session> session_;
  Moves moves_;  // the last one: it calls forget() until it is gone
};

}  // namespace parked::lldb_plugin
