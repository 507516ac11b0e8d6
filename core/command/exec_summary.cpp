// `parked exec-summary DIR`: what all programs together left behind.

#include <algorithm>
#include <fmt/format.h>

#include "command/answered.h"
#include "command/options.h"
#include "parked/exec.h"
#include "report/exit_summary.h"

namespace parked {

namespace {

constexpr std::uint64_t kSummedListed = 20;

/// Reports that counted from PROVED on do not have what is ORPHAN: that would look like none.
Result<void> checkVerdict(const compare::ExitSummary& summary, const std::string& folder,
                          leak::Verdict asked) {
  if (asked >= summary.verdict) return {};
  return fail(ErrorCode::usage,
              fmt::format("--fail-on {0}: reports in {2} were made with --fail-on {1}, and have "
                          "nothing that is less grave",
                          leak::verdictName(asked), leak::verdictName(summary.verdict), folder));
}

Exit exitOf(const compare::ExitSummary& summary, const command::Invocation& asked) {
  const bool found = asked.failOn && std::ranges::any_of(summary.leftovers, [&](const auto& each) {
                       return each.leftover.verdict >= *asked.failOn;
                     });
  if (found) return Exit::findings;
  if (!summary.unread.empty()) return Exit::unusable;
  const bool needsProof = asked.failOn && *asked.failOn > leak::Verdict::waiting;
  const bool whole = summary.incomplete.empty() && (!needsProof || summary.unproved.empty());
  return whole ? Exit::clean : Exit::incomplete;
}

Result<Exit> summariseFolder(const std::vector<std::string>& words, const Style& style,
                             const Host& host, const Sink& sink) {
  const auto asked = command::parse(words);
  if (!asked) return tl::unexpected(asked.error());
  if (asked->kind != command::Kind::execSummary) {
    return fail(ErrorCode::usage, "this is no exec-summary");
  }
  const std::string& folder = asked->argument;
  const auto summary = compare::summarise(folder, host.cancelled);
  if (!summary) return tl::unexpected(summary.error());
  if (asked->failOn) {
    if (auto all = checkVerdict(*summary, folder, *asked->failOn); !all) {
      return tl::unexpected(all.error());
    }
  }
  if (asked->format->forPeople) {
    report::renderExitSummaryText(*summary, folder, asked->limitOr(kSummedListed),
                                  {style.color, style.width, style.commandPrefix}, sink);
  } else {
    report::renderExitSummaryJson(*summary, folder, sink);
  }
  return exitOf(*summary, *asked);
}

}  // namespace

CommandResult execSummary(const std::vector<std::string>& words, const Style& style,
                          const Host& host, const Sink& sink) {
  return command::answered([&] { return summariseFolder(words, style, host, sink); });
}

}  // namespace parked
