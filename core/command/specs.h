// The commands of the family: names, options, help.
#pragma once

#include <cstdint>
#include <fmt/format.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command/options.h"

namespace parked::command {

/// Options that several commands share, as bits.
enum class Option : std::uint16_t {
  argument = 1,
  filters = 2,    ///< --with, --without
  group = 4,      ///< --group
  limit = 8,      ///< --limit, --all
  system = 16,    ///< --system
  format = 32,    ///< --json, --jsonl, --format
  verdicts = 64,  ///< --fail-on, --suspect-count, --suspect-age, --require-proof, --ignore-file
  timings = 128,
  watch = 256,  ///< --every, --count
  dump = 512,   ///< --format traceback: beside `format`, of what lists goroutines
  waits = 1024,
  module = 2048,
};

struct Spec {
  Kind kind;
  std::string_view name;
  std::string_view usage;    ///< what stands behind the name: "ID [options]"
  std::string_view summary;  ///< one line
  std::string_view text;     ///< a paragraph
  std::uint16_t options;
  const report::Section* section = nullptr;  ///< of Kind::section

  std::string synopsis() const { return fmt::format("{} {}", name, usage); }
  bool has(Option option) const { return (options & static_cast<std::uint16_t>(option)) != 0; }
  bool needsArgument() const {
    return kind == Kind::goroutine || kind == Kind::why || kind == Kind::channel;
  }
  std::string_view argumentName() const {
    return kind == Kind::goroutine || kind == Kind::why ? "the id of a goroutine"
                                                        : "the address of a channel";
  }
};

/// What a front-end says that holds one instant of a program.
inline constexpr std::string_view kWatchInShell =
    "watch follows a live process over time: run it in a shell, parked watch PID";

/// Those of goroutines, and one for each of report::sections().
std::span<const Spec> specs();
const Spec* findSpec(std::string_view name);  ///< nullptr if there is none
/// The long names of its options: "--limit".
std::vector<std::string> optionNames(const Spec& spec);
/// The help of one command.
std::string helpOf(const Spec& spec);
/// "text, json or jsonl": the formats of every command, or all there are.
std::string formatNames(bool all);

}  // namespace parked::command
