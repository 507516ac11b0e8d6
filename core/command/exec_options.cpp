#include "command/exec_options.h"

#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <string_view>

#include "base/text.h"

namespace parked::command {

namespace {

/// "USR1", "SIGUSR1", "10"; 0: there is none of that name.
int signalNamed(std::string_view text) {
  std::uint64_t number = 0;
  if (parseNumber(text, number)) return number < NSIG ? static_cast<int>(number) : 0;
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (int each = 1; each < NSIG; ++each) {
    const char* name = sigabbrev_np(each);
    if (name != nullptr && text == name) return each;
  }
  return 0;
}

}  // namespace

Result<void> readExec(const Words& words, Invocation& out) {
  if (!words.at.empty()) {
    out.atSignal = signalNamed(words.at);
    if (out.atSignal == 0 || out.atSignal == SIGKILL || out.atSignal == SIGSTOP) {
      return fail(
          ErrorCode::usage,
          fmt::format("--at '{}': expected a signal that a program can get, as USR1", words.at));
    }
  }
  if (!words.after.empty()) {
    const auto after = durationFrom(words.after);
    if (!after || *after <= 0) {
      return fail(
          ErrorCode::usage,
          fmt::format("--after '{}': expected a duration such as 500ms, 30s, 5m", words.after));
    }
    out.after = std::chrono::nanoseconds(*after);
  }
  if (out.children && !out.writeBaseline.empty()) {
    return fail(ErrorCode::usage,
                "--write-baseline writes of one program, and with --children there are several");
  }
  return {};
}

}  // namespace parked::command
