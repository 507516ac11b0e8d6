#include "leak/island_reach.h"

#include <algorithm>
#include <utility>

#include "image/variable_references.h"

namespace parked::leak {

using golang::Index;
using proof::Node;

namespace {

constexpr std::size_t kMaxReaches = 3;
constexpr std::size_t kMaxMembersReached = 64;  // of an island, whose stacks and code are looked at

}  // namespace

IslandReach::IslandReach(const golang::Snapshot& snapshot, const Code& code,
                         const proof::Orphans& orphans)
    : snapshot_(snapshot),
      code_(code),
      image_(*snapshot.image),
      orphans_(orphans),
      graph_(*orphans.islands().graph),
      heap_(graph_.heap()),
      stacks_(snapshot),
      references_(image_) {
  neutral_.reserve(snapshot.goroutines.size());
  for (Index i = 0; i < snapshot.goroutines.size(); ++i) {
    neutral_.insert(snapshot.goroutines[i].address, i);
  }
  for (const golang::Timer& timer : snapshot.timers) {
    const heap::ObjectRef object = heap_.find(timer.address);
    if (object) timers_.insert(heap_.address(object));
  }
}

bool IslandReach::enough() const { return reaches_.size() >= kMaxReaches; }

std::vector<std::string> IslandReach::take() {
  noted_.clear();
  return std::exchange(reaches_, {});
}

void IslandReach::add(Index number) {
  const proof::Islands& islands = orphans_.islands();
  const proof::Island& island = islands.all[number];
  const auto members = islands.goroutinesOf(island);
  for (std::size_t i = 0; i < std::min(members.size(), kMaxMembersReached) && !enough(); ++i) {
    noteCode(members[i]);
    stacks_.read(snapshot_.goroutines[members[i]], held_);
    for (const proof::HeldPointer& pointer : held_) noteWord(pointer.value);
  }
  for (const Node node : islands.objectsOf(island)) {
    if (enough()) return;
    const heap::ObjectRef object = graph_.object(node);
    if (timers_.contains(heap_.address(object))) continue;
    (void)graph_.pointers().visit(object, [this](Addr, Addr value) { noteWord(value); });
  }
}

void IslandReach::addReach(std::string name) {
  if (enough() || std::ranges::find(reaches_, name) != reaches_.end()) return;
  reaches_.push_back(std::move(name));
}

/// A pointer that leads out of what the orphans have for themselves.
void IslandReach::noteWord(Addr value) {
  if (enough() || value == 0) return;
  if (const heap::ObjectRef object = heap_.find(value)) {
    // Text is shared without being anybody's state.
    if (heap_.spans()[object.span].scan && orphans_.outside().isMarked(object) &&
        !neutral_.contains(heap_.address(object))) {
      addReach("objects that others have");
    }
    return;
  }
  for (const image::Module& module : image_.modules()) {
    const auto in = [value](Addr from, Addr to) { return value >= from && value < to; };
    if (!in(module.data, module.dataEnd) && !in(module.bss, module.bssEnd) &&
        !in(module.noptrData, module.noptrDataEnd) && !in(module.noptrBss, module.noptrBssEnd)) {
      continue;
    }
    const std::string_view name = image_.variableAt(value).name;
    // Of the compiler's own names two dots are a part.
    if (name.empty() || name.find("..") != std::string_view::npos ||
        ownerOf(code_, name, {}) < Owner::library) {
      return;
    }
    addReach(std::string(name));
  }
}

/// Variables that the code of a goroutine's functions names.
void IslandReach::noteCode(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  for (const golang::FramePc& pc : snapshot_.frames(goroutine)) {
    const image::FuncIndex function = image_.functions().find(pc.inside());
    if (function == image::kNoFunc) continue;
    const image::Function& info = image_.functions().function(function);
    if (ownerOf(code_, info.name, {}) < Owner::library || !noted_.insert(info.entry).second) {
      continue;
    }
    references_.visitNear(function, [&](image::FuncIndex near) {
      for (const auto& reference : image::codeRefs(image_.target(), image_.functions(),
                                                   image_.functions().function(near).name)) {
        noteWord(reference.target);
      }
      return !enough();
    });
  }
}

}  // namespace parked::leak
