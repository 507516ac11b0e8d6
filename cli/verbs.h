// What the first words of the command line may be, told once for parsing, help, the manual page and
// completion.
#pragma once

#include <span>
#include <string_view>

namespace parked::cli {

/// A way to call the program.
struct Form {
  std::string_view words;  ///< behind "parked"
  std::string_view text;   ///< for --help; "" where the list of commands has it
};
std::span<const Form> forms();

/// A first word that is neither a target nor a command of the family.
struct Verb {
  std::string_view name, text;
  bool opens = false;  ///< a target and a command follow
};
std::span<const Verb> verbs();
const Verb* verbNamed(std::string_view word);  ///< nullptr if there is none

/// Whether a command of the family has no target in front of it.
bool standsAlone(std::string_view command);

/// Whether a command may have its target behind it, not only in front.
bool mayLead(std::string_view command);

/// What the program's exit codes mean, in lines.
std::string_view exitCodes();

}  // namespace parked::cli
