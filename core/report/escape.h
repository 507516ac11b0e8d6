// Text from the target on its way to a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parked::report {

/// The text with everything that could steer a terminal or hide something made visible: control
/// characters (C0, DEL, C1), bidirectional and zero-width characters and broken UTF-8 become
/// \x1b or \u202e. Names of functions, types, labels and files come from the target, and the target
/// is not to be trusted.
std::string escape(std::string_view text);

/// Decodes the code point at `at`, which must lie inside the text: how many bytes it takes, 0 if
/// the UTF-8 is broken there.
std::size_t decodeUtf8(std::string_view text, std::size_t at, std::uint32_t& code);

/// Columns the (escaped) text takes on a terminal: two for East Asian characters and emoji, none
/// for marks that combine with the character in front of them.
std::size_t columns(std::string_view text);
/// How many bytes of the text fit into `width` columns. Marks stay with their character.
std::size_t fitting(std::string_view text, std::size_t width);
/// The text, with blanks behind it up to `width` columns.
std::string padded(std::string_view text, std::size_t width);

/// At most `width` columns: the front is replaced by "..." ("...internal/server.go:41"), cutting at
/// a slash when one is near.
std::string cutFront(std::string_view text, std::size_t width);
/// At most `width` columns: the end is replaced by "...".
std::string cutBack(std::string_view text, std::size_t width);

}  // namespace parked::report
