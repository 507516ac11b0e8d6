#include "leak/island_words.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <map>

#include "base/text.h"
#include "base/traits.h"
#include "leak/describe.h"

namespace parked::leak {

namespace {

constexpr std::array kBackgrounds = {
    BackgroundTraits{Background::none, "", ""},
    BackgroundTraits{Background::few, "few", "one of a few, as background work is"},
    BackgroundTraits{Background::each, "one_per_cpu", "no more than there are CPUs, made together"},
    BackgroundTraits{Background::pool, "pool",
                     "a pool, made together, that nothing was meant to stop"},
};
static_assert(isComplete(kBackgrounds, Background::pool));

}  // namespace

std::vector<Index> goroutinesOf(const Analysis& analysis, const IslandKind& kind) {
  const proof::Islands& islands = analysis.options().orphans->islands();
  std::vector<Index> all;
  for (const Index island : kind.islands) {
    const auto members = islands.goroutinesOf(islands.all[island]);
    all.insert(all.end(), members.begin(), members.end());
  }
  return all;
}

Index oldestOf(const Analysis& analysis, const IslandKind& kind) {
  const proof::Islands& islands = analysis.options().orphans->islands();
  return islands.goroutinesOf(islands.all[kind.islands.front()]).front();
}

Place madeAt(const Analysis& analysis, const IslandKind& kind) {
  const auto isOwn = [&](PlaceId id) {
    const Place& place = analysis.place(id);
    return id != kNoPlace && ownerOf(analysis.code(), place.function, place.file) == Owner::own;
  };
  PlaceId stands = kNoPlace, library = kNoPlace;
  for (const Index goroutine : goroutinesOf(analysis, kind)) {
    const PlaceId creator = analysis.info(goroutine).creator;
    if (isOwn(creator)) return analysis.place(creator);
    const Origin origin = analysis.origin(goroutine);
    if (origin.kind == OriginKind::called || origin.kind == OriginKind::created) {
      return analysis.place(origin.place);
    }
    const PlaceId user = analysis.userLine(goroutine).user;
    if (stands == kNoPlace && origin.kind == OriginKind::stands) stands = origin.place;
    if (stands == kNoPlace && isOwn(user)) stands = user;
    if (library == kNoPlace) library = creator;
  }
  return analysis.place(stands != kNoPlace ? stands : library);
}

std::vector<std::pair<std::uint64_t, Place>> functionsOf(const Analysis& analysis,
                                                         const IslandKind& kind) {
  std::map<PlaceId, std::uint64_t> counts;
  for (const Index goroutine : goroutinesOf(analysis, kind)) {
    ++counts[analysis.info(goroutine).start];
  }
  std::vector<std::pair<std::uint64_t, Place>> functions;
  for (const auto& [place, count] : counts) functions.emplace_back(count, analysis.place(place));
  std::ranges::stable_sort(functions, std::ranges::greater(),
                           &std::pair<std::uint64_t, Place>::first);
  return functions;
}

bool areWorkers(const IslandKind& kind) {
  return kind.goroutines == kind.islands.size() && kind.connections == 0;
}

namespace {

/// "3 to 5 goroutines" where islands differ.
std::string rangeText(std::uint64_t least, std::uint64_t most, std::string_view what) {
  if (least == most) return counted(most, what);
  return fmt::format("{} to {}", withSeparators(least), counted(most, what));
}

}  // namespace

std::string handleText(const Handle& handle) {
  constexpr std::size_t kValues = 3;
  if (handle.type.empty()) return {};
  std::string text = handle.type;
  if (handle.islands < handle.looked) {
    text +=
        fmt::format(" ({} of {})", withSeparators(handle.islands), withSeparators(handle.looked));
  }
  std::uint64_t told = 0, all = 0;
  for (const auto& [value, count] : handle.values) all += count;
  for (std::size_t i = 0; i < std::min(kValues, handle.values.size()); ++i) {
    const auto& [value, count] = handle.values[i];
    text += (i == 0 ? fmt::format(", {} ", handle.field) : ", ") + value;
    if (handle.islands > 1) text += fmt::format(" ({})", withSeparators(count));
    told += count;
  }
  if (told < all) text += fmt::format(", others ({})", withSeparators(all - told));
  return text;
}

std::string eachText(const Analysis& analysis, const IslandKind& kind) {
  const proof::Islands& islands = analysis.options().orphans->islands();
  const auto range = [&](Index proof::Island::* member, std::string_view what) -> std::string {
    std::uint64_t least = ~std::uint64_t{0}, most = 0;
    for (const Index island : kind.islands) {
      least = std::min<std::uint64_t>(least, islands.all[island].*member);
      most = std::max<std::uint64_t>(most, islands.all[island].*member);
    }
    return most == 0 ? std::string() : rangeText(least, most, what);
  };
  std::string text = range(&proof::Island::goroutines, "goroutine");
  for (const std::string& part :
       {range(&proof::Island::connections, "connection"), range(&proof::Island::timers, "timer")}) {
    if (!part.empty()) text += ", " + part;
  }
  return text;
}

std::string creatorText(const Analysis& analysis, const IslandKind& kind) {
  const Index oldest = oldestOf(analysis, kind);
  const golang::Snapshot& snapshot = analysis.snapshot();
  const GoroutineInfo& info = analysis.info(oldest);
  if (info.creator == kNoPlace) return {};
  std::string text(analysis.place(info.creator).function);
  const std::uint64_t parent = snapshot.goroutines[oldest].parentId;
  if (parent == 0) return text;
  text += fmt::format(" in goroutine {}", parent);
  const golang::Goroutine* alive = snapshot.byId(parent);
  if (alive == nullptr) return text + " (ended)";
  const Place& stands = analysis.place(
      analysis.userLine(static_cast<Index>(alive - snapshot.goroutines.data())).user);
  if (stands.function.empty()) return text + " (still there)";
  return text + fmt::format(" (still there: {} {}:{})", stands.function,
                            stands.file.substr(stands.file.rfind('/') + 1), stands.line);
}

std::string reachText(const IslandKind& kind) {
  if (!kind.open()) return "closed: what it holds leads to nothing that others have";
  std::string text;
  if (kind.connections > 0) text = "holds " + counted(kind.connections, "connection");
  for (const std::string& name : kind.reaches) {
    text += (text.empty()                     ? "reaches "
             : &name == &kind.reaches.front() ? "; reaches "
                                              : ", ") +
            name;
  }
  return "open: " + text;
}

std::vector<std::string> contentsOf(const IslandKind& kind) {
  std::vector<std::string> parts;
  if (kind.goroutines != kind.islands.size())
    parts.push_back(counted(kind.goroutines, "goroutine"));
  if (kind.connections != 0) parts.push_back(counted(kind.connections, "connection"));
  if (kind.timers != 0) {
    parts.push_back(fmt::format("{} that {} again", counted(kind.timers, "timer"),
                                kind.timers == 1 ? "sets itself" : "set themselves"));
  }
  return parts;
}

std::string costOf(const IslandKind& kind) {
  return fmt::format("{} {} alive (stacks {})", kind.islands.size() == 1 ? "it keeps" : "they keep",
                     humanBytes(kind.stackBytes + kind.heapBytes), humanBytes(kind.stackBytes));
}

const BackgroundTraits& traitsOf(Background background) { return rowOf(kBackgrounds, background); }

bool isDead(const Analysis& analysis, const golang::Wait& wait) {
  if (analysis.islandKind(wait.goroutine) == nullptr) return false;
  const proof::Islands& islands = analysis.options().orphans->islands();
  const proof::Island& island = islands.all[islands.of[wait.goroutine]];
  return island.goroutines == 1 && island.timers == 0 && wait.kind != golang::ObjectKind::timer &&
         wait.kind != golang::ObjectKind::fd && analysis.tickerPeriod(wait.address) < 0;
}

std::vector<std::string> deadWaits(const Analysis& analysis, Index index) {
  constexpr std::size_t kMost = 3;
  const golang::Snapshot& snapshot = analysis.snapshot();
  std::vector<std::string> dead;
  for (const golang::Wait& wait : snapshot.waitsOf(snapshot.goroutines[index])) {
    if (!isDead(analysis, wait)) continue;
    const std::string which = wait.inSelect && wait.caseIndex >= 0
                                  ? fmt::format("case {} of its select", wait.caseIndex)
                              : wait.inSelect ? "a case of its select"
                                              : "its wait";
    dead.push_back(fmt::format("nobody else can make {} ready: {} {}", which,
                               golang::opName(wait.op), describeWait(snapshot, wait)));
    if (dead.size() == kMost) break;
  }
  return dead;
}

}  // namespace parked::leak
