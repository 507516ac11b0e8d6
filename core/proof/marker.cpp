#include "proof/marker.h"

#include "base/progress.h"

namespace parked::proof {

namespace {
constexpr std::size_t kAhead = 8;  // objects whose memory is asked for before they are scanned
}  // namespace

Marker::Marker(const heap::Heap& heap, const heap::Pointers& pointers, bool paths,
               const Marker* before)
    : heap_(heap),
      pointers_(pointers),
      before_(before),
      marked_(heap.slots() / 64 + 1),
      watched_(marked_.size()),
      flagged_(marked_.size()),
      held_(marked_.size()),
      parents_(paths ? heap.scanSlots() : 0) {}

void Marker::hideWord(ObjectRef object, Addr address, Index goroutine) {
  hidden_.insert(address, goroutine);
  flag(object);
}

void Marker::hideTargets(ObjectRef object, const AddrMap* targets) {
  hidesTargets_.insert(heap_.address(object), 0);
  hiddenTargets_ = targets;
  flag(object);
}

bool Marker::markObject(ObjectRef object, Parent parent, bool conservative) {
  const heap::Span& span = heap_.spans()[object.span];
  const std::uint64_t slot = span.firstSlot + object.index;
  std::uint64_t& word = marked_[slot / 64];
  const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
  if ((word & bit) != 0) return false;
  const bool known = before_ != nullptr && test(before_->marked_, slot);
  if (!known && !heap_.allocated(object)) {
    if (conservative || forgiving_) return false;
    noteBad(heap_.address(object));
  }
  word |= bit;
  ++objects_;
  const bool watched = test(watched_, slot);
  if (watched) reached_.push_back(object);
  if (span.scan) {
    if (!parents_.empty()) parents_[span.firstScan + object.index] = parent;
    next_.push_back(object);
  } else if (watched && !parents_.empty()) {
    looseParents_.insert(heap_.address(object), static_cast<std::uint32_t>(loose_.size()));
    loose_.push_back(parent);
  }
  return true;
}

void Marker::noteBad(Addr pointer) {
  if (forgiving_) return;
  ++badPointers_;
  if (firstBad_ == 0) firstBad_ = pointer;
}

void Marker::mark(Addr pointer, const Root& root, bool conservative) {
  const ObjectRef object = heap_.find(pointer);
  if (!object) {
    if (!conservative && heap_.isFree(pointer)) noteBad(pointer);
    return;
  }
  const Parent parent = Parent::ofRoot(static_cast<std::uint32_t>(roots_.size()));
  if (markObject(object, parent, conservative) && !parents_.empty()) roots_.push_back(root);
}

void Marker::markPointersOf(ObjectRef object, const Root& root) {
  const bool dead = heap_.isDead(object);
  noteParsed(object, pointers_.visit(object, [&](Addr, Addr value) { mark(value, root, dead); }));
}

void Marker::noteParsed(ObjectRef object, bool parsed) {
  if (parsed) return;
  ++unparsable_;
  if (firstBad_ == 0) firstBad_ = heap_.address(object);
}

void Marker::release(Index goroutine, Addr g) {
  if (released_.size() <= goroutine) released_.resize(goroutine + 1);
  released_[goroutine] = true;
  // It is not in a flagged object any more; if it was reached before, what it holds counts now.
  const ObjectRef object = heap_.find(g);
  if (!object || !test(flagged_, heap_.slot(object))) return;
  flagged_[heap_.slot(object) / 64] &= ~(std::uint64_t{1} << (heap_.slot(object) % 64));
  if (isMarked(object)) next_.push_back(object);
}

void Marker::scan(ObjectRef object) {
  const heap::Span& span = heap_.spans()[object.span];
  const Parent self = Parent::ofObject(span.firstScan + object.index);
  if (test(flagged_, span.firstSlot + object.index)) {
    scanFlagged(object, self);
    return;
  }
  const bool dead = heap_.isDead(object);
  noteParsed(object, pointers_.visit(object, [&](Addr, Addr value) {
    if (const ObjectRef target = heap_.find(value)) {
      markObject(target, self, dead);
    } else if (!dead && heap_.isFree(value)) {
      noteBad(value);
    }
  }));
}

void Marker::scanFlagged(ObjectRef object, Parent self) {
  if (test(held_, heap_.slot(object))) return;
  const bool hidesTargets = hidesTargets_.contains(heap_.address(object));
  const bool dead = heap_.isDead(object);
  noteParsed(object, pointers_.visit(object, [&](Addr at, Addr value) {
    const ObjectRef target = heap_.find(value);
    if (!target && !dead && heap_.isFree(value)) noteBad(value);
    if (!target || isMarked(target)) return;
    if (hidesTargets && hiddenTargets_->contains(value)) return;
    const std::uint32_t goroutine = hidden_.find(at);
    if (goroutine != AddrMap::kMissing &&
        (goroutine >= released_.size() || !released_[goroutine])) {
      return;
    }
    markObject(target, self, dead);
  }));
}

bool Marker::drain(Observer* observer) {
  Progress progress(observer, "reachability", 0, Progress::kCheap);
  while (!next_.empty()) {
    std::swap(current_, next_);
    for (std::size_t i = 0; i < current_.size(); ++i) {
      if (!progress.step(objects_)) return false;
      if (i + kAhead < current_.size()) {
        const ObjectRef ahead = current_[i + kAhead];
        const heap::Span& span = heap_.spans()[ahead.span];
        if (span.bytes != nullptr) {
          __builtin_prefetch(span.bytes + ahead.index * span.elementSize);
        }
      }
      scan(current_[i]);
    }
    current_.clear();
  }
  return true;
}

Parent Marker::parentOf(ObjectRef object) const {
  const heap::Span& span = heap_.spans()[object.span];
  if (!isMarked(object) || parents_.empty()) return {};
  if (span.scan) return parents_[span.firstScan + object.index];
  const std::uint32_t loose = looseParents_.find(heap_.address(object));
  return loose == AddrMap::kMissing ? Parent() : loose_[loose];
}

}  // namespace parked::proof
