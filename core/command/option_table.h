// Every option of the command family, declared once: which commands have it, what its help says,
// how the shell spells it, and where its word goes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command/options.h"
#include "command/specs.h"

namespace CLI {
class App;
}

namespace parked::command {

/// The words of options that need more than CLI11's own conversion, as they were given.
struct Words {
  bool lines = false;                       ///< --json of `watch`
  bool document = false;                    ///< --json of `diff` and `exec-summary`
  const report::Format* flagged = nullptr;  ///< named by its flag
  std::string format, limit, group, failOn, suspectCount, suspectAge, orphanCount, every, count;
  std::string sort, stacks, at, after, level, memoryLimit, beforeOom, keep;
  std::string keepBytes, maxTime, maxSpool, atOnce;
  std::vector<std::string> sourcePaths;
};

struct OptionRow {
  Option option;
  std::string_view name,
      text;  ///< a line of the help; without a name, it goes on with the one above
  const char* flags = nullptr;  ///< as CLI11 takes them; null: this row is help alone
  void (*add)(CLI::App& app, const char* flags, Invocation& out, Words& words) = nullptr;
  /// The words that its value is one of, for completion; null: any.
  std::vector<std::string_view> (*values)() = nullptr;
};

/// In the order of the help. A row of Option::format without a name stands for those of the
/// formats.
std::span<const OptionRow> optionTable();

}  // namespace parked::command
