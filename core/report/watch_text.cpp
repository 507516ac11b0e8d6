// `parked watch` as text.

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "report/escape.h"
#include "report/phrases.h"
#include "report/watch.h"

namespace parked::report {

using leak::FollowedGroup;

namespace {

/// "+100", "-3", "" for 0.
std::string changeText(std::int64_t change) {
  if (change == 0) return {};
  const auto size = static_cast<std::uint64_t>(change < 0 ? -change : change);
  return (change > 0 ? "+" : "-") + withSeparators(size);
}

/// "600/min", "0.4/min".
std::string rateText(double perMinute) {
  const double size = std::abs(perMinute);
  if (size >= 10) return withSeparators(static_cast<std::uint64_t>(std::llround(size))) + "/min";
  return fmt::format("{:.1f}/min", size);
}

std::string trendText(const FollowedGroup& group) {
  return group.growing ? "grows " + rateText(group.trend.perMinute) : std::string();
}

std::string stateText(const FollowedGroup& group) {
  return escape(group.reason.empty() ? leak::traitsOf(group.state).name : group.reason);
}

/// "100 new, 3 gone, 1,140 still there, 140 since the first look".
std::string movesText(const FollowedGroup& group, std::uint64_t looks) {
  std::string text;
  if (looks < 2) return text;
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count == 0) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", withSeparators(count), what);
  };
  add(group.arrived, "new");
  add(group.left, "gone");
  add(group.moved, "parked anew");
  add(group.same, "still there");
  if (group.same > 0 && looks > 2) add(group.sameAsFirst, "since the first look");
  return text;
}

struct Columns {
  std::size_t count = 1, change = 0, trend = 0, state = 0;
};

Columns measure(const std::vector<const FollowedGroup*>& groups) {
  Columns widths;
  for (const FollowedGroup* group : groups) {
    widths.count = std::max(widths.count, withSeparators(group->count).size());
    widths.change = std::max(widths.change, changeText(group->change).size());
    widths.trend = std::max(widths.trend, trendText(*group).size());
    widths.state = std::max(widths.state, columns(stateText(*group)));
  }
  return widths;
}

/// Left-aligned, with two spaces behind it; nothing for a column that is empty in all rows.
std::string cell(const std::string& text, std::size_t width) {
  return width == 0 ? std::string() : padded(text, width + 2);
}

void putGroup(Page& page, const FollowedGroup& group, const Columns& widths,
              const WatchView& view) {
  const std::string moves = movesText(group, view.history->looks());
  const std::string state = stateText(group);
  const Ink trend = group.growing ? Ink::bad : Ink::faint;
  page.line(1,
            {{fmt::format("{:>{}}  ", withSeparators(group.count), widths.count), Ink::strong},
             {cell(changeText(group.change), widths.change)},
             {cell(trendText(group), widths.trend), trend},
             {fmt::format("{:<7}  ", leak::verdictName(group.verdict)), lookOf(group.verdict).ink},
             {moves.empty() ? state : cell(state, widths.state), Ink::strong},
             {moves, Ink::faint},
             {view.known.contains(group.number) ? "  known" : "", Ink::faint}});
  page.placeField(3 + widths.count, 0, "", group.user.view());
}

std::string programText(const WatchView& view) {
  const TargetInfo& target = view.target;
  std::string text = target.source;
  if (!target.executable.empty()) text += fmt::format(", {}", baseName(target.executable));
  text += fmt::format(", {}", target.goVersion);
  if (target.runtimes.size() > 1) {
    text += fmt::format("; Go runtime {} (--module)", otherRuntimesText(target));
  }
  return text;
}

std::string lookText(const WatchView& view) {
  const leak::History& history = *view.history;
  std::string text =
      fmt::format("{}, every {}", history.looks(), humanDuration(view.every.count()));
  if (history.looks() > 1) {
    text += fmt::format(", for {}", humanDuration(history.lastAt() - history.firstAt()));
  }
  if (view.target.takenAt) text += fmt::format(", {}", utcTime(*view.target.takenAt));
  if (view.target.pause.count() > 0) {
    text += fmt::format(", stopped for {}", humanDuration(view.target.pause.count()));
  }
  return text;
}

std::string totalText(const leak::History& history) {
  std::string text = withSeparators(history.total());
  const auto add = [&](std::uint64_t before, std::string_view since) {
    const std::string change =
        changeText(static_cast<std::int64_t>(history.total()) - static_cast<std::int64_t>(before));
    if (!change.empty()) text += fmt::format(", {} since {}", change, since);
  };
  add(history.totalBefore(), "the last look");
  if (history.looks() > 2) add(history.totalAtFirst(), "the first");
  return text;
}

/// What grows, in a sentence; before that can be told, when it can.
void putGrowth(Page& page, const WatchView& view, const std::vector<const FollowedGroup*>& groups) {
  std::uint64_t growing = 0;
  double perMinute = 0;
  for (const FollowedGroup* group : groups) {
    if (!group->growing) continue;
    ++growing;
    perMinute += group->trend.perMinute;
  }
  if (growing > 0) {
    page.field(0, kLabel, "growing",
               fmt::format("{}, by {}", counted(growing, "group"), rateText(perMinute)), Ink::bad);
  } else if (view.history->looks() < leak::kFewestForTrend) {
    page.field(0, kLabel, "growing",
               fmt::format("can be told from look {} on", leak::kFewestForTrend), Ink::faint);
  } else {
    page.field(0, kLabel, "growing", "nothing");
  }
}

void putHeader(Page& page, const WatchView& view, const std::vector<const FollowedGroup*>& groups) {
  page.line(0, {{fmt::format("{:<{}}", "watching", kLabel), Ink::faint},
                {programText(view), Ink::strong}});
  page.line(0, {{fmt::format("{:<{}}", "look", kLabel), Ink::faint}, {lookText(view)}});
  page.line(
      0, {{fmt::format("{:<{}}", "goroutines", kLabel), Ink::faint}, {totalText(*view.history)}});
  putGrowth(page, view, groups);
  if (view.target.kind == target::Kind::liveUnstopped) {
    page.line(0, {{fmt::format("{:<{}}", "no proof", kLabel), Ink::faint},
                  {"read while it runs: values may be torn", Ink::warn}});
  } else if (!view.withheld.empty()) {
    page.line(0,
              {{fmt::format("{:<{}}", "no proof", kLabel), Ink::faint}, {view.withheld, Ink::bad}});
  }
  if (view.incomplete.empty()) return;
  std::string text = incompleteText(view.incomplete.front());
  if (view.incomplete.size() > 1) text += fmt::format(", and {} more", view.incomplete.size() - 1);
  page.line(0, {{fmt::format("{:<{}}", "incomplete", kLabel), Ink::faint}, {text, Ink::warn}});
}

std::size_t linesOf(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

void renderWatchText(const WatchView& view, const WatchOptions& options, const TextStyle& style,
                     const Sink& sink) {
  std::string text;
  const auto lay = [&](std::string& out, const auto& put) {
    Writer writer([&out](std::string_view piece) {
      out.append(piece);
      return true;
    });
    Page page(style, writer);
    put(page);
  };
  std::vector<const FollowedGroup*> groups = view.history->groups();
  // Of the groups that are gone only those that went just now are worth a line.
  std::erase_if(groups, [](const FollowedGroup* g) { return g->count == 0 && g->left == 0; });
  lay(text, [&](Page& page) {
    putHeader(page, view, groups);
    page.blank();
  });
  std::vector<const FollowedGroup*> listed = groups;
  if (options.limit > 0 && listed.size() > options.limit) listed.resize(options.limit);
  const Columns widths = measure(listed);
  std::size_t lines = linesOf(text), shown = 0;
  for (const FollowedGroup* group : listed) {
    std::string lump;
    lay(lump, [&](Page& page) { putGroup(page, *group, widths, view); });
    // One line stays free for what is left out.
    const std::size_t more = shown + 1 < groups.size() ? 1 : 0;
    const std::size_t needed = lines + linesOf(lump) + more;
    if (options.rows > 0 && needed > static_cast<std::size_t>(options.rows)) break;
    text += lump;
    lines += linesOf(lump);
    ++shown;
  }
  if (shown < groups.size()) {
    std::uint64_t goroutines = 0;
    for (std::size_t i = shown; i < groups.size(); ++i) goroutines += groups[i]->count;
    lay(text, [&](Page& page) {
      page.line(1, {{fmt::format("{}, {}", counted(groups.size() - shown, "more group"),
                                 counted(goroutines, "goroutine")),
                     Ink::faint}});
    });
  }
  sink(text);
}

}  // namespace parked::report
