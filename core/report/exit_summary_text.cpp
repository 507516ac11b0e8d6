// `parked exec-summary` as text.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.h"
#include "report/exit_summary.h"
#include "report/page.h"
#include "report/phrases.h"

namespace parked::report {

using compare::ExitSummary;
using compare::Summed;

namespace {

constexpr std::size_t kNamesShown = 4, kUnreadShown = 10, kSummaryIndent = 9;

/// "a, b, c, d and 3 more".
template <class Names>
std::string namesText(const Names& names) {
  std::string text;
  std::size_t shown = 0;
  for (const std::string& name : names) {
    if (shown == kNamesShown) break;
    text += (shown++ == 0 ? "" : ", ") + name;
  }
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

void putLimits(Page& page, const ExitSummary& summary) {
  if (!summary.unproved.empty()) {
    page.field(0, kLabel, "no proof",
               fmt::format("of {}: {} ({})", counted(summary.unproved.size(), "program"),
                           namesText(summary.unproved), summary.withheld),
               Ink::bad);
  }
  if (!summary.incomplete.empty()) {
    page.field(
        0, kLabel, "incomplete",
        fmt::format("{}, of which parts were not readable: {}",
                    counted(summary.incomplete.size(), "program"), namesText(summary.incomplete)),
        Ink::warn);
  }
  const std::size_t shown = std::min(summary.unread.size(), kUnreadShown);
  for (std::size_t i = 0; i < shown; ++i) {
    page.field(0, kLabel, "not read", summary.unread[i].why, Ink::bad);
  }
  if (shown < summary.unread.size()) {
    page.field(0, kLabel, "not read", counted(summary.unread.size() - shown, "more file"),
               Ink::bad);
  }
}

void putSummed(Page& page, const Summed& summed) {
  const compare::Leftover& one = summed.leftover;
  const std::string rule = one.rule.empty() ? "" : one.rule + "  ";
  page.blank();
  page.line(1, {{fmt::format("{:<7}  ", leak::verdictName(one.verdict)), lookOf(one.verdict).ink},
                {withSeparators(one.count) + "  ", Ink::strong},
                {rule + one.title, Ink::strong},
                {"  " + one.fingerprint, Ink::faint}});
  if (!one.function.empty()) {
    page.placeField(kSummaryIndent, kLabel, "at",
                    {one.function, one.file, static_cast<std::int32_t>(one.line)});
  }
  if (!one.creator.empty()) page.field(kSummaryIndent, kLabel, "created by", one.creator);
  page.field(kSummaryIndent, kLabel, "in",
             summed.packages.size() > 1 ? fmt::format("{} packages: {}", summed.packages.size(),
                                                      namesText(summed.packages))
                                        : namesText(summed.packages));
  if (!summed.tests.empty()) {
    page.field(kSummaryIndent, kLabel, "left by", namesText(summed.tests), Ink::strong);
  }
}

/// "2 PROVED, 1 ORPHAN".
std::string verdictsText(const std::vector<Summed>& all) {
  std::array<std::uint64_t, leak::kVerdicts> counts{};
  for (const Summed& each : all) ++counts[static_cast<std::size_t>(each.leftover.verdict)];
  std::string text;
  for (std::size_t i = counts.size(); i-- > 0;) {
    if (counts[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", withSeparators(counts[i]),
                        leak::verdictName(static_cast<leak::Verdict>(i)));
  }
  return text;
}

}  // namespace

void renderExitSummaryText(const ExitSummary& summary, const std::string& folder,
                           std::uint64_t limit, const TextStyle& style, const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  page.field(
      0, kLabel, "looked at",
      fmt::format("{} in {}: {}", counted(summary.programs, "program"), folder,
                  summary.leaking == 0 ? "none left anything behind"
                                       : fmt::format("{} left something behind", summary.leaking)),
      Ink::strong);
  putLimits(page, summary);
  if (summary.leftovers.empty()) return;
  page.field(0, kLabel, "left behind", verdictsText(summary.leftovers));
  const std::size_t shown = atMost(summary.leftovers.size(), limit);
  for (std::size_t i = 0; i < shown; ++i) putSummed(page, summary.leftovers[i]);
  if (shown < summary.leftovers.size()) {
    page.blank();
    page.line(1, {{fmt::format("{} more (--all)", withSeparators(summary.leftovers.size() - shown)),
                   Ink::faint}});
  }
}

}  // namespace parked::report
