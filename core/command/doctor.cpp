// parked doctor PID: whether a live process can be read, and if not, what to change.

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>

#include "parked/parked.h"
#include "report/escape.h"
#include "target/preflight.h"

namespace parked {

namespace {

using target::Check;

std::string_view wordOf(Check::State state) {
  switch (state) {
    case Check::State::fine:
      return "ok";
    case Check::State::note:
      return "note";
    case Check::State::refused:
      return "no";
  }
  return "";
}

std::string textOf(const Check& check) {
  std::string text = fmt::format("  {:<6}{}\n", wordOf(check.state), report::escape(check.found));
  for (const target::Obstacle& each : check.obstacles) {
    text += fmt::format("        - {}\n", report::escape(each.reason));
    if (!each.remedy.empty()) text += fmt::format("          {}\n", report::escape(each.remedy));
  }
  return text;
}

}  // namespace

CommandResult doctor(std::int32_t pid) {
  CommandResult result;
  const auto found = target::preflight(pid);
  if (!found) {
    result.error = report::escape(found.error().message);
    result.exit = Exit::unusable;
    return result;
  }
  const bool refused = std::ranges::any_of(
      found->checks, [](const Check& each) { return each.state == Check::State::refused; });
  result.exit = refused ? Exit::unusable : Exit::clean;
  result.output = fmt::format("process {} ({}) {}\n\n", pid, report::escape(found->command),
                              refused ? "cannot be read as it is" : "can be read");
  for (const Check& each : found->checks) result.output += textOf(each);
  return result;
}

}  // namespace parked
