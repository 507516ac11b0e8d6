#include "leak/fingerprint.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "leak/describe.h"

namespace parked::leak {

namespace {

bool isNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool isNumbered(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) && isNumber(text.substr(prefix.size()));
}

/// A name that the compiler made up for a function without one: cmd/compile's closureName
/// (internal/ir/func.go), "func1", inside of another closure "1".
bool isClosure(std::string_view segment) {
  return isNumber(segment) || isNumbered(segment, "func");
}

/// Around a call that a go or defer statement makes.
bool isWrapper(std::string_view segment) {
  return isNumbered(segment, "gowrap") || isNumbered(segment, "deferwrap");
}

/// The import path without elements "v2", "v3", …, which say which version of a module it is.
std::string withoutVersions(std::string_view path) {
  std::string out;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view element = path.substr(at, end - at);
    if (at == 0 || !isNumbered(element, "v")) {
      if (at > 0) out += '/';
      out += element;
    }
    at = end + 1;
  }
  return out;
}

/// What dots separate, none of which are in brackets: "(*T[...])", "run", "func1".
std::vector<std::string_view> segmentsOf(std::string_view name) {
  std::vector<std::string_view> segments;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    const char c = i < name.size() ? name[i] : '.';
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (i < name.size() && (c != '.' || depth > 0)) continue;
    segments.push_back(name.substr(begin, i - begin));
    begin = i + 1;
  }
  return segments;
}

/// Without "-fm" of a method value and "-range1" of the body of a loop over a function.
std::string_view withoutSuffix(std::string_view segment) {
  const std::size_t dash = segment.find('-');
  if (dash == std::string_view::npos || dash == 0) return segment;
  const std::string_view suffix = segment.substr(dash + 1);
  return suffix == "fm" || isNumbered(suffix, "range") ? segment.substr(0, dash) : segment;
}

}  // namespace

std::string stableFunction(std::string_view function) {
  // The first dot behind the import path; in the path itself Go escapes dots of the last element.
  const std::size_t bracket = std::min(function.find_first_of("[("), function.size());
  const std::size_t slash = function.substr(0, bracket).rfind('/');
  const std::size_t dot = function.find('.', slash == std::string_view::npos ? 0 : slash);
  if (dot == std::string_view::npos || dot + 1 == function.size()) return std::string(function);
  std::vector<std::string_view> segments = segmentsOf(function.substr(dot + 1));
  for (std::string_view& segment : segments) segment = withoutSuffix(segment);
  std::erase_if(segments, [](std::string_view segment) { return isWrapper(segment); });
  const auto end = segments.end();
  const auto closure = std::ranges::find_if(segments, isClosure);
  if (closure == segments.begin() || segments.empty()) return std::string(function);
  std::string out = withoutVersions(function.substr(0, dot));
  // "main.run.func1" inlined is "main.caller.run.func1": the name in front of the closures is its.
  auto owner = segments.begin();
  if (closure != end) {
    owner = end - 1;
    while (isClosure(*owner)) --owner;
    if (owner != segments.begin() && (owner - 1)->starts_with('(')) --owner;
  }
  for (; owner != end; ++owner) {
    // Closures of package variables are "glob..func1" until Go 1.20, and "init.func1" since.
    const std::string_view name = owner->empty() ? "init" : *owner;
    out += isClosure(name) ? ".func" : fmt::format(".{}", name);
  }
  return out;
}

std::string waitKind(const Analysis& analysis, Index index) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const golang::Goroutine& goroutine = snapshot.goroutines[index];
  if (stateOf(goroutine) != State::blocked) return std::string(traitsOf(stateOf(goroutine)).name);
  const auto waits = snapshot.waitsOf(goroutine);
  if (waits.empty()) return "blocked";
  const golang::Wait& wait = waits.front();
  // Which case stands first depends on how much of the select could be told.
  if (wait.inSelect) return "select";
  if (wait.op == golang::WaitOp::none) return std::string(golang::traitsOf(wait.kind).id);
  return fmt::format("{} {}", golang::traitsOf(wait.kind).id, golang::opName(wait.op));
}

void Fingerprint::add(std::string_view part) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  for (const char c : part) hash_ = (hash_ ^ static_cast<std::uint8_t>(c)) * kPrime;
  hash_ *= kPrime;  // for a zero byte
}

std::string Fingerprint::text() const { return fmt::format("{:016x}", hash_); }

void addGroup(Fingerprint& fingerprint, const Analysis& analysis, const Group& group) {
  fingerprint.add(stableFunction(analysis.place(group.creator).function));
  fingerprint.add(stableFunction(analysis.place(analysis.userLine(group.example).user).function));
  fingerprint.add(waitKind(analysis, group.example));
}

std::string fingerprintOf(const Analysis& analysis, const Group& group) {
  Fingerprint fingerprint;
  fingerprint.add("group");
  addGroup(fingerprint, analysis, group);
  return fingerprint.text();
}

}  // namespace parked::leak
