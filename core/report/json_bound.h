// JSON on its way to where it has to stay small: long arrays are cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "report/writer.h"

namespace parked::report {

/// Passes on the JSON that it is given, in pieces cut anywhere, and leaves out what an array has
/// beyond a number of elements. The text has to be well-formed, as JsonWriter's is.
class JsonBound {
 public:
  struct Limits {
    std::size_t values = 100'000;  ///< of strings, numbers and the like
    std::size_t objects = 2'000;   ///< of objects and arrays
  };
  struct Cut {
    std::uint64_t kept = 0, total = 0;  ///< elements, of all arrays at that path
  };

  JsonBound(Sink out, Limits limits) : out_(std::move(out)), limits_(limits) {}

  /// False when no more is wanted.
  bool operator()(std::string_view text);
  /// What was cut, by the names that lead there: "report.http.transports". They are as JSON has
  /// them, with escapes.
  const std::map<std::string, Cut>& cuts() const { return cuts_; }

 private:
  struct Level {
    bool array = false;
    bool value = false;       ///< an object: behind a colon
    std::uint64_t count = 0;  ///< an array: elements begun
    std::uint64_t kept = 0;
    std::string key;  ///< an object: the name of the value that comes
  };

  void take(char c);
  void string(char c);
  void beginValue(char c);
  void open(bool array);
  void close();
  void put(char c) {
    if (dropped_ == 0) kept_ += c;
  }
  std::string path() const;

  Sink out_;
  Limits limits_;
  std::string kept_;  ///< of the piece at hand
  std::vector<Level> levels_;
  std::map<std::string, Cut> cuts_;
  std::size_t dropped_ = 0;  ///< the depth at which an element is left out; 0: none is
  bool comma_ = false;       ///< due in front of the next element that stays
  bool inString_ = false, escaped_ = false, isKey_ = false;
  bool due_ = true;  ///< a value may begin here
};

}  // namespace parked::report
