// Reads what is compared out of JSON: documents and JSON lines of parked (docs/json.md).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "compare/side.h"

namespace parked::compare {

/// Takes JSON lines as they are made, cut anywhere.
class LineReader {
 public:
  explicit LineReader(Side& side);
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  ~LineReader();

  /// False once a line was none of parked's.
  bool operator()(std::string_view text);
  /// After the last piece. The error says what was wrong with the lines, or that their end is
  /// missing.
  Result<void> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The file begins as JSON does: it is no core.
bool looksLikeJson(const std::string& file);
/// Reads a document or JSON lines from a file. `what` names the file in errors.
Result<Side> readSide(const std::string& file);

}  // namespace parked::compare
