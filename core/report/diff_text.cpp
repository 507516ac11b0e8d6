// `parked diff` as text.

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "report/diff.h"
#include "report/phrases.h"

namespace parked::report {

using compare::Change;
using compare::Changed;

namespace {

constexpr std::size_t kIdsShown = 8;

std::string sideText(const compare::Side& side) {
  std::string text = side.source;
  if (!side.program.empty()) text += fmt::format(", {}", side.program);
  if (!side.goVersion.empty()) text += fmt::format(", {}", side.goVersion);
  if (side.pid != 0) text += fmt::format(", process {}", side.pid);
  if (!side.takenAt.empty()) text += fmt::format(", {}", side.takenAt.substr(0, 19));
  return text + fmt::format(", {}", counted(side.goroutines, "goroutine"));
}

void putSide(Page& page, std::string_view name, const compare::Side& side) {
  page.field(0, kLabel, name, sideText(side), Ink::strong);
  if (!side.proved) page.field(0, kLabel, "", "no proof: " + side.withheld, Ink::bad);
  if (side.incomplete) page.field(0, kLabel, "", "incomplete: parts were not readable", Ink::warn);
  if (side.partial) {
    page.field(0, kLabel, "", "in part: filters or a limit left goroutines out", Ink::warn);
  }
}

void putStillParked(Page& page, const compare::Difference& difference) {
  if (!difference.sameProcess) return;
  const auto& ids = difference.stillParked;
  std::string text =
      fmt::format("{} of A wait on the same object in B", withSeparators(ids.size()));
  for (std::size_t i = 0; i < ids.size() && i < kIdsShown; ++i) {
    text += fmt::format("{}{}", i == 0 ? ": " : ", ", ids[i]);
  }
  if (ids.size() > kIdsShown) text += ", ...";
  page.field(0, kLabel, "one process", text);
}

/// "3 new, 1 grown, 2 gone, 5 the same".
std::string summaryOf(const std::vector<Changed>& all) {
  static constexpr std::array kOrder = {Change::added, Change::grown, Change::shrunk, Change::gone,
                                        Change::same};
  std::string text;
  for (const Change change : kOrder) {
    const auto count = std::ranges::count(all, change, &Changed::change);
    if (count == 0) continue;
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ",
                    withSeparators(static_cast<std::uint64_t>(count)), compare::changeName(change));
  }
  return text.empty() ? "none" : text;
}

Ink inkOf(Change change) {
  switch (change) {
    case Change::added:
    case Change::grown:
      return Ink::bad;
    case Change::shrunk:
    case Change::gone:
      return Ink::good;
    case Change::same:
      break;
  }
  return Ink::faint;
}

/// "12 -> 30", "30".
std::string countText(const Changed& changed) {
  if (changed.before.count == 0 || changed.before.count == changed.after.count) {
    return withSeparators(changed.after.count);
  }
  return fmt::format("{} -> {}", withSeparators(changed.before.count),
                     withSeparators(changed.after.count));
}

void putChanged(Page& page, const Changed& changed) {
  const compare::Entry& entry = changed.entry();
  const std::string rule = entry.rule.empty() ? "" : entry.rule + "  ";
  page.line(1,
            {{fmt::format("{:<6}  ", compare::changeName(changed.change)), inkOf(changed.change)},
             {fmt::format("{:<7}  ", leak::verdictName(entry.verdict)), lookOf(entry.verdict).ink},
             {countText(changed) + "  ", Ink::strong},
             {rule + entry.title, Ink::strong},
             {"  " + changed.fingerprint, Ink::faint},
             {entry.known ? "  known" : "", Ink::faint}});
  constexpr std::size_t kIndent = 9;
  if (!entry.function.empty()) {
    page.placeField(kIndent, kLabel, "at",
                    {entry.function, entry.file, static_cast<std::int32_t>(entry.line)});
  }
  if (!entry.creator.empty()) page.field(kIndent, kLabel, "created by", entry.creator);
  if (changed.stillParked > 0 && changed.change != Change::added) {
    page.field(
        kIndent, kLabel, "still there",
        fmt::format("{} on the same object as before", counted(changed.stillParked, "goroutine")));
  }
}

void putAll(Page& page, std::string_view what, const std::vector<Changed>& all,
            const std::vector<Changed>& listed, std::uint64_t limit) {
  page.blank();
  page.line(0, {{fmt::format("{}: ", what), Ink::strong}, {summaryOf(all)}});
  const std::size_t shown = atMost(listed.size(), limit);
  for (std::size_t i = 0; i < shown; ++i) putChanged(page, listed[i]);
  if (shown < listed.size()) {
    page.line(
        1, {{fmt::format("{} more (--all)", withSeparators(listed.size() - shown)), Ink::faint}});
  }
}

}  // namespace

void renderDiffText(const DiffView& view, std::uint64_t limit, const TextStyle& style,
                    const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  putSide(page, "A", view.before);
  putSide(page, "B", view.after);
  putStillParked(page, view.difference);
  putAll(page, "findings", view.difference.findings, view.difference.findings, limit);
  std::set<std::string> told;
  for (const Changed& finding : view.difference.findings) told.insert(finding.entry().group);
  std::vector<Changed> groups;
  for (const Changed& group : view.difference.groups) {
    if (group.change != Change::same && !told.contains(group.fingerprint)) groups.push_back(group);
  }
  putAll(page, "groups", view.difference.groups, groups, limit);
}

}  // namespace parked::report
