// `parked diff A B`: two reports, each read from a core, a process or JSON.

#include "report/diff.h"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

#include "command/answered.h"
#include "command/options.h"
#include "compare/baseline.h"
#include "compare/difference.h"
#include "compare/side_reader.h"
#include "parked/parked.h"

namespace parked {

namespace {

constexpr std::uint64_t kListed = 20;

bool isNumber(const std::string& word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
}

/// The options that judge, as they were given, for reports that are made for this.
std::vector<std::string> reportWords(const command::Invocation& asked) {
  std::vector<std::string> words = {"report", "--format=jsonl"};
  const std::vector<std::string> judging = splitWords(asked.judging);
  words.insert(words.end(), judging.begin(), judging.end());
  return words;
}

/// Opens a core or a process, and reads its report as it is made.
Result<compare::Side> readTarget(const std::string& name, OpenRequest request,
                                 const command::Invocation& asked, const Host& host) {
  request.core.clear();
  request.pid = 0;
  request.module = asked.module;
  if (isNumber(name)) {
    std::uint64_t pid = 0;
    if (!command::parseNumber(name, pid) || pid == 0 || pid > INT32_MAX) {
      return fail(ErrorCode::usage, fmt::format("{} is no process id", name));
    }
    request.pid = static_cast<std::int32_t>(pid);
  } else {
    request.core = name;
  }
  const Session::Opened opened = Session::open(request, host);
  if (opened.session == nullptr) return fail(ErrorCode::io, opened.error);
  compare::Side side;
  compare::LineReader reader(side);
  const CommandResult result = opened.session->run(
      reportWords(asked), {}, [&reader](std::string_view text) { return reader(text); });
  if (!result.error.empty()) return fail(ErrorCode::io, fmt::format("{}: {}", name, result.error));
  if (result.interrupted) return fail(ErrorCode::interrupted, "interrupted");
  if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
  return side;
}

Result<compare::Side> read(const std::string& name, const OpenRequest& request,
                           const command::Invocation& asked, const Host& host) {
  const bool json = !isNumber(name) && compare::looksLikeJson(name);
  auto side = json ? compare::readSide(name) : readTarget(name, request, asked, host);
  if (side) side->source = name;
  return side;
}

/// What one side left out would look new or gone; what both did was asked for.
Result<void> checkParts(const compare::Side& before, const compare::Side& after) {
  if (before.partial == after.partial) return {};
  const auto& [some, all, change] = before.partial
                                        ? std::tuple(before.source, after.source, "new")
                                        : std::tuple(after.source, before.source, "gone");
  return fail(
      ErrorCode::usage,
      fmt::format("{} has a part of its goroutines (it was written with --with, --without or "
                  "--limit) and {} has all: what was left out would look {}",
                  some, all, change));
}

/// What is new or has grown, and is as grave as --fail-on says.
bool fails(const compare::Difference& difference, leak::Verdict verdict) {
  const auto worse = [verdict](const compare::Changed& changed) {
    const bool more =
        changed.change == compare::Change::added || changed.change == compare::Change::grown;
    return more && !changed.after.known && changed.after.verdict >= verdict;
  };
  return std::ranges::any_of(difference.groups, worse) ||
         std::ranges::any_of(difference.findings, worse);
}

Exit exitOf(const report::DiffView& view, const command::Invocation& asked) {
  if (asked.failOn && fails(view.difference, *asked.failOn)) return Exit::findings;
  const bool needsProof =
      asked.requireProof || (asked.failOn && *asked.failOn > leak::Verdict::waiting);
  const bool whole = !view.before.incomplete && !view.after.incomplete;
  const bool proved = view.before.proved && view.after.proved;
  return whole && (proved || !needsProof) ? Exit::clean : Exit::incomplete;
}

Result<Exit> compareSides(const OpenRequest& request, const std::vector<std::string>& words,
                          const Style& style, const Host& host, const Sink& sink) {
  const auto asked = command::parse(words);
  if (!asked) return tl::unexpected(asked.error());
  if (asked->kind != command::Kind::diff) return fail(ErrorCode::usage, "this is no diff");
  const auto before = read(asked->sides[0], request, *asked, host);
  if (!before) return tl::unexpected(before.error());
  auto after = read(asked->sides[1], request, *asked, host);
  if (!after) return tl::unexpected(after.error());
  if (auto parts = checkParts(*before, *after); !parts) return tl::unexpected(parts.error());
  if (!asked->baseline.empty()) {
    const auto baseline = compare::Baseline::read(asked->baseline);
    if (!baseline) return tl::unexpected(baseline.error());
    compare::markKnown(*baseline, *after);
  }
  const compare::Difference difference = compare::differenceOf(*before, *after);
  const report::DiffView view{*before, *after, difference};
  if (asked->format->forPeople) {
    report::renderDiffText(view, asked->limitOr(kListed),
                           {style.color, style.width, style.commandPrefix}, sink);
  } else if (asked->format == report::formatNamed("json")) {
    report::renderDiffJson(view, sink);
  } else {
    report::renderDiffHtml(view, sink);
  }
  return exitOf(view, *asked);
}

}  // namespace

CommandResult diff(const OpenRequest& request, const std::vector<std::string>& words,
                   const Style& style, const Host& host, const Sink& sink) {
  return command::answered([&] { return compareSides(request, words, style, host, sink); });
}

}  // namespace parked
