// Formats of output. To add one: a file that defines a Format, and a line in formats.cpp
// (docs/extending/format.md).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "report/document.h"
#include "report/render.h"

namespace parked::report {

/// What a command answers, for every format that it may be asked in.
struct Answer {
  const Report& report;
  /// For people.
  std::function<void(const TextStyle& style, const Sink& sink)> text;
  /// Adds what a document has behind `target`.
  std::function<void(Document& document)> members;
  std::uint64_t limit = 0;  ///< of goroutines where a format is no text; 0: all
  bool system = false;      ///< the runtime's own goroutines and frames, too
};

/// How the answers about several Go runtimes of one process stand together.
enum class Joining : std::uint8_t {
  headings,  ///< one behind the other, each under a heading
  lines,     ///< one behind the other: each line says what it is
  document,  ///< one document: what comes later are members of the first
  alone,     ///< not at all: --module has to choose one
};

struct Format {
  std::string_view name;  ///< --format NAME
  std::string_view help;  ///< a few words
  bool flag = false;      ///< --NAME says it, too
  /// It is for people: what is listed is cut to what one reads, and the runtime's own goroutines
  /// are left out.
  bool forPeople = false;
  bool goroutinesOnly = false;  ///< it can tell of goroutines alone
  bool hasFindings = false;     ///< it has what the rules found, of every command
  bool binary = false;          ///< it is no text: not for a terminal or a debugger
  bool ofDiff = false;          ///< `parked diff` has it, too
  Joining joining = Joining::headings;
  /// Why this build does not have it, "" if it does; null: every build has.
  std::string_view (*missing)() = nullptr;
  void (*render)(const Answer& answer, const TextStyle& style, const Sink& sink);
};

/// All of them; the first one is what is meant where none is named.
std::span<const Format* const> formats();
/// Null if there is none of that name.
const Format* formatNamed(std::string_view name);

}  // namespace parked::report
