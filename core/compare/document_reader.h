// JSON of parked, object by object: what every reader of it needs.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "leak/verdict.h"

namespace parked::compare {

using Json = nlohmann::json;

inline constexpr std::string_view kReportSchema = "parked/1";

/// A member of an object as text; "" if it is none. Files may say anything.
std::string textIn(const Json& object, const char* name);
/// 0 if it is no whole number.
std::int64_t numberIn(const Json& object, const char* name);
/// The same, and 0 if it is below.
std::uint64_t countIn(const Json& object, const char* name);
/// Empty if it is no object.
const Json& objectIn(const Json& object, const char* name);
bool isTrue(const Json& object, const char* name);

/// What a group and a finding both say, with the place at which they stand.
template <class Entry>
void readEntry(const Json& object, const Json& place, Entry& entry) {
  leak::parseVerdict(textIn(object, "verdict"), entry.verdict);
  entry.count = countIn(object, "count");
  entry.function = textIn(place, "func");
  entry.file = textIn(place, "file");
  entry.line = numberIn(place, "line");
}

/// Who is told what is in a document.
struct DocumentTaker {
  /// A member of the document begins: "groups".
  std::function<void(std::string_view name)> member;
  /// An object, of the type that it has in JSON lines: "group". Of a process with several Go
  /// runtimes `target` comes once for each, in front of all that is of it.
  std::function<void(std::string_view type, const Json& object)> object;
};

/// Elements of a document's arrays are forgotten as soon as they were taken, so that a million
/// goroutines need not fit in memory. `file` names the document in errors.
Result<void> readDocument(std::istream& in, const std::string& file, const DocumentTaker& taker);

/// The error for a file that is none. `schema` is what the file says it is.
tl::unexpected<Error> notOurs(const std::string& file, std::string_view schema = {});

}  // namespace parked::compare
