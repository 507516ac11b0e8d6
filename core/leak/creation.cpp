#include "leak/creation.h"

#include <algorithm>

#include "base/progress.h"
#include "golang/ancestors.h"

namespace parked::leak {

namespace {

class CreationLinker {
 public:
  CreationLinker(const Analysis& analysis, std::vector<bool> chosen)
      : analysis_(analysis),
        snapshot_(analysis.snapshot()),
        goroutines_(static_cast<Index>(snapshot_.goroutines.size())),
        ancestors_(snapshot_) {
    links_.parents.assign(goroutines_, kNone);
    links_.chosen = std::move(chosen);
  }

  void add(Index goroutine);
  ForestLinks finish();

 private:
  Index item(std::uint64_t id, bool& isNew);
  void ancestors(Index child, std::span<const golang::Ancestor> ancestors);

  const Analysis& analysis_;
  const golang::Snapshot& snapshot_;
  Index goroutines_;
  golang::AncestorReader ancestors_;
  ForestLinks links_;
  std::unordered_map<std::uint64_t, Index> ended_;  // by id, to the item
  std::unordered_map<PlaceId, Index> places_;
  std::uint64_t lastId_ = 0;  // many in a row have the same creator
  Index lastItem_ = kNone;
};

/// Of a goroutine that may have ended.
Index CreationLinker::item(std::uint64_t id, bool& isNew) {
  isNew = false;
  if (id == lastId_) return lastItem_;
  lastId_ = id;
  if (const golang::Goroutine* alive = snapshot_.byId(id)) {
    return lastItem_ = static_cast<Index>(alive - snapshot_.goroutines.data());
  }
  const auto next = static_cast<Index>(links_.parents.size());
  const auto [at, fresh] = ended_.try_emplace(id, next);
  isNew = fresh;
  if (fresh) {
    links_.parents.push_back(kNone);
    links_.extras.push_back({id, kNoPlace});
  }
  return lastItem_ = at->second;
}

/// The creators of `child`, the nearest first, as far as there is news in them.
void CreationLinker::ancestors(Index child, std::span<const golang::Ancestor> ancestors) {
  for (const golang::Ancestor& ancestor : ancestors) {
    if (ancestor.id == 0) return;
    bool isNew = false;
    const Index parent = item(ancestor.id, isNew);
    links_.parents[child] = parent;
    if (!isNew) return;
    child = parent;
  }
}

void CreationLinker::add(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  if (goroutine.id == golang::kMainGoroutine) return;
  const PlaceId creator = analysis_.info(index).creator;
  bool isNew = false;
  if (goroutine.parentId != 0) {
    links_.parents[index] = item(goroutine.parentId, isNew);
    if (isNew) {
      const auto noted = ancestors_.read(goroutine);
      if (noted.size() > 1 && noted.front().id == goroutine.parentId) {
        ancestors(links_.parents[index], std::span(noted).subspan(1));
      }
    }
  } else {
    ancestors(index, ancestors_.read(goroutine));
  }
  const Index parent = links_.parents[index];
  if (parent == kNone && creator != kNoPlace) {
    const auto [at, fresh] =
        places_.try_emplace(creator, static_cast<Index>(links_.parents.size()));
    if (fresh) {
      links_.parents.push_back(kNone);
      links_.extras.push_back({0, creator});
    }
    links_.parents[index] = at->second;
  } else if (parent != kNone && parent >= goroutines_) {
    ForestExtra& extra = links_.extras[parent - goroutines_];
    if (extra.place == kNoPlace) extra.place = creator;
  }
}

ForestLinks CreationLinker::finish() {
  PairNumbers numbers;
  const std::vector<std::uint32_t> looks = looksOfGroups(analysis_);
  for (Index i = 0; i < goroutines_; ++i) {
    const Index group = analysis_.info(i).group;
    links_.looks.push_back(group < looks.size() ? numbers.of(0, looks[group]) : numbers.of(1, 0));
  }
  for (const ForestExtra& extra : links_.extras) {
    links_.looks.push_back(numbers.of(extra.id != 0 ? 2 : 3, extra.place));
  }
  return std::move(links_);
}

}  // namespace

ForestLinks creationLinks(const Analysis& analysis, std::vector<bool> chosen, Observer* observer) {
  Progress progress(observer);
  CreationLinker links(analysis, std::move(chosen));
  // The runtime's own come last: who has ended stands at the line where it started one of the
  // user's.
  const auto& goroutines = analysis.snapshot().goroutines;
  for (const bool system : {false, true}) {
    for (Index i = 0; i < goroutines.size() && progress.step(); ++i) {
      if (goroutines[i].system == system) links.add(i);
    }
  }
  return links.finish();
}

bool notesCreators(const golang::Snapshot& snapshot) {
  if (std::ranges::any_of(snapshot.goroutines,
                          [](const golang::Goroutine& g) { return g.parentId != 0; })) {
    return true;
  }
  golang::AncestorReader ancestors(snapshot);
  return std::ranges::any_of(
      snapshot.goroutines, [&](const golang::Goroutine& g) { return !ancestors.read(g).empty(); });
}

}  // namespace parked::leak
