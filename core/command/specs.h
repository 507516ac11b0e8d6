// The commands of the family: names, options, help.
#pragma once

#include <cstdint>
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
  std::string_view synopsis;
  std::string_view summary;  ///< one line
  std::string_view text;     ///< a paragraph
  std::uint16_t options;

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

std::span<const Spec> specs();
const Spec* findSpec(std::string_view name);  ///< nullptr if there is none
const Spec& specOf(Kind kind);
/// The long names of its options: "--limit".
std::vector<std::string_view> optionNames(const Spec& spec);

}  // namespace parked::command
