#include "leak/origin.h"

#include "base/traits.h"

namespace parked::leak {

namespace {

constexpr std::array kOrigins = {
    OriginTraits{OriginKind::none, "", ""},
    OriginTraits{OriginKind::called, "called", "called from"},
    OriginTraits{OriginKind::created, "created", "comes from"},
    OriginTraits{OriginKind::stands, "stands", "creator at"},
};
static_assert(kOrigins.size() == static_cast<std::size_t>(OriginKind::stands) + 1);
static_assert(isInOrder(kOrigins));

constexpr int kMaxCreators = 10;  // up the chain; damage could make it a circle

/// The innermost line of the main module on the stack of a creator at the moment of creation.
PlaceId ownOf(const golang::Ancestor& ancestor, Places& places) {
  for (const Addr pc : ancestor.pcs) {
    if (const PlaceId own = places.own(pc); own != kNoPlace) return own;
  }
  return kNoPlace;
}

}  // namespace

const OriginTraits& traitsOf(OriginKind kind) { return rowOf(kOrigins, kind); }

Origin originOf(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine,
                const std::vector<golang::Ancestor>& ancestors,
                const std::vector<StackInfo>& stacks, Places& places) {
  // The library's function may be inlined into the one that called it.
  if (const PlaceId own = places.own(goroutine.creatorPc); own != kNoPlace) {
    return {OriginKind::called, own, goroutine.parentId};
  }
  for (const golang::Ancestor& ancestor : ancestors) {
    if (const PlaceId own = ownOf(ancestor, places); own != kNoPlace) {
      return {OriginKind::called, own, ancestor.id};
    }
    if (const PlaceId own = places.own(ancestor.creatorPc); own != kNoPlace) {
      return {OriginKind::created, own, ancestor.id};
    }
  }
  const golang::Goroutine* child = &goroutine;
  for (int i = 0; i < kMaxCreators && child->parentId != 0; ++i) {
    const golang::Goroutine* parent = snapshot.byId(child->parentId);
    if (parent == nullptr || parent == child) break;
    if (parent->stack < stacks.size() && stacks[parent->stack].owner == Owner::own) {
      return {OriginKind::stands, stacks[parent->stack].user, parent->id};
    }
    if (const PlaceId own = places.own(parent->creatorPc); own != kNoPlace) {
      return {OriginKind::created, own, parent->id};
    }
    child = parent;
  }
  return {};
}

}  // namespace parked::leak
