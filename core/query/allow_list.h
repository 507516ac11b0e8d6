// A list of goroutines that are known and meant to stay, in the words of goleak's options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "leak/analysis.h"

namespace parked::query {

class AllowList {
 public:
  /// Reads lines "IgnoreTopFunction NAME", "IgnoreAnyFunction NAME", "IgnoreCreatedBy NAME",
  /// "IgnoreRule PK041"; blank lines and what follows a '#' are passed over. The error names `file`
  /// and the line (ErrorCode::usage).
  static Result<AllowList> parse(std::string_view text, std::string_view file);
  /// The same from a file.
  static Result<AllowList> read(const std::string& file);

  bool empty() const { return top_.empty() && any_.empty() && creators_.empty() && rules_.empty(); }
  bool quietsRule(std::string_view rule) const;
  /// The names behind IgnoreRule, as they were written.
  const std::vector<std::string>& rules() const { return rules_; }
  /// Which goroutines of the analysis it quiets, by index. The top function is the innermost that
  /// is not the runtime's, as in a traceback.
  std::vector<bool> quieted(const leak::Analysis& analysis) const;

 private:
  std::vector<std::string> top_, any_, creators_, rules_;
};

}  // namespace parked::query
