// How text goes out in lldb: piece by piece at a terminal, and no further than Ctrl-C.
#pragma once

#include <chrono>
#include <cstdint>
#include <lldb/API/LLDB.h>
#include <string>
#include <string_view>

#include "parked/parked.h"

namespace parked::lldb_plugin {

/// A person types at lldb's prompt in a terminal, and sees what is written there.
bool atTerminal(lldb::SBDebugger& debugger);

/// The output of one command.
class Output {
 public:
  Output(lldb::SBDebugger& debugger, lldb::SBCommandReturnObject& result)
      : debugger_(debugger), result_(result) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { put(pending_); }

  /// Adds text. False once Ctrl-C asked for an end: lldb itself prints what a command gave it to
  /// the end. A screen or two are given all the same, as they are what was read until then.
  bool write(std::string_view text);

 private:
  void put(const std::string& text);

  lldb::SBDebugger& debugger_;
  lldb::SBCommandReturnObject& result_;
  std::string pending_;  // kept until it is known whether it is much
  bool much_ = false;
};

/// One line at the terminal while long work runs, nothing for short work.
class Progress {
 public:
  explicit Progress(lldb::SBDebugger& debugger)
      : debugger_(debugger), terminal_(atTerminal(debugger)), started_(Clock::now()) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  void update(std::string_view stage, std::uint64_t done, std::uint64_t total);

 private:
  using Clock = std::chrono::steady_clock;

  void put(const std::string& text);

  lldb::SBDebugger& debugger_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point started_;
};

}  // namespace parked::lldb_plugin
