// JSON as text, one value after the other: the one place that knows commas, line ends and escapes.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace parked::report {

/// Appends JSON to a string, which may be drained between two values. Nothing is kept but whether a
/// comma is due: objects and arrays are functions that write what is in them.
///
///     json.object([&] {
///       json.member("id", goroutine.id);
///       json.array("cases", cases, [&](const Case& each) { json.value(each.index); });
///     });
///
/// All of it is ASCII: everything else in a string is escaped, so that text of the target cannot
/// steer a terminal the JSON is shown on. Broken UTF-8 becomes U+FFFD.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  /// Goes on with an object that is open and has members already.
  struct GoesOn {};
  JsonWriter(std::string& out, GoesOn) : out_(out), comma_(true) {}
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;
  ~JsonWriter() = default;

  // Values.
  void null() { token("null"); }
  void value(bool value) { token(value ? "true" : "false"); }
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  void value(Number number) {
    const fmt::format_int text(number);
    token({text.data(), text.size()});
  }
  void value(std::string_view text) {
    separate();
    literal(text);
  }
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  template <class Value>
  void value(const std::optional<Value>& maybe) {
    maybe ? value(*maybe) : null();
  }
  /// A string, or null for "".
  void text(std::string_view text) { text.empty() ? null() : value(text); }
  /// "0xc000012345", or null for 0.
  void address(Addr address);
  /// A value that is JSON already, or members of the open object.
  void raw(std::string_view json) { token(json); }

  /// `members` is called to write them.
  template <class Members>
  void object(const Members& members) {
    begin('{');
    members();
    end('}');
  }
  /// `put` is called to write each element of `range`.
  template <class Range, class Put>
  void array(const Range& range, const Put& put) {
    begin('[');
    for (const auto& element : range) put(element);
    end(']');
  }
  /// For arrays of which not all is at hand at once.
  void begin(char bracket) {
    separate();
    out_ += bracket;
    comma_ = false;
  }
  void end(char bracket) {
    if (newLine_) out_ += '\n';
    newLine_ = false;
    out_ += bracket;
    comma_ = true;
  }
  /// What comes next begins a line.
  void newLine() { newLine_ = true; }

  // Members of the open object.
  template <std::size_t N>
  void key(const char (&name)[N]) {
    if (newLine_) separate();
    std::array<char, N + 3> text;  // ,"name":
    text[0] = ',';
    text[1] = '"';
    std::copy_n(name, N - 1, text.data() + 2);
    text[N + 1] = '"';
    text[N + 2] = ':';
    out_.append(text.data() + (comma_ ? 0 : 1), N + (comma_ ? 3 : 2));
    comma_ = false;
  }
  void key(std::string_view name) {
    separate();
    literal(name);
    out_ += ':';
    comma_ = false;
  }
  template <std::size_t N, class Value>
  void member(const char (&name)[N], const Value& value) {
    key(name);
    this->value(value);
  }
  template <std::size_t N>
  void text(const char (&name)[N], std::string_view text) {
    key(name);
    this->text(text);
  }
  template <std::size_t N>
  void address(const char (&name)[N], Addr address) {
    key(name);
    this->address(address);
  }
  template <std::size_t N>
  void null(const char (&name)[N]) {
    key(name);
    null();
  }
  template <std::size_t N, class Members>
  void object(const char (&name)[N], const Members& members) {
    key(name);
    object(members);
  }
  template <std::size_t N, class Range, class Put>
  void array(const char (&name)[N], const Range& range, const Put& put) {
    key(name);
    array(range, put);
  }

 private:
  void separate() {
    if (comma_) out_ += ',';
    if (newLine_) out_ += '\n';
    comma_ = newLine_ = false;
  }
  void token(std::string_view text) {
    separate();
    out_ += text;
    comma_ = true;
  }
  /// A string between quotes; leaves a comma due.
  void literal(std::string_view text);

  std::string& out_;
  bool comma_ = false;    ///< due in front of what comes next
  bool newLine_ = false;  ///< a line end is
};

}  // namespace parked::report
