#include "resources/finder.h"

#include <algorithm>
#include <cstring>

#include "base/progress.h"
#include "heap/pointers.h"
#include "image/image.h"
#include "proof/global_roots.h"
#include "proof/machine_roots.h"
#include "proof/stack_roots.h"

namespace parked::resources {

namespace {}  // namespace

Finder::Finder(const golang::Snapshot& snapshot, const heap::Heap& heap,
               const proof::Marker* marker)
    : snapshot_(snapshot), heap_(heap), marker_(marker), types_(snapshot.image->runtimeTypes()) {}

void Finder::wantWord(Addr word, Addr type, const std::string& name) {
  const auto known = words_.find(word);
  if (known != golang::AddrMap::kMissing) {
    wordTypes_[known].names.push_back(name);
    return;
  }
  words_.insert(word, static_cast<std::uint32_t>(wordTypes_.size()));
  wordTypes_.push_back({type, {name}});
  wordFilter_.add(word);
}

void Finder::wantType(std::string_view pointerType) {
  const Addr type = types_.find(pointerType);
  if (type == 0) return;
  const std::string name(pointerType);
  wantWord(type, type, name);
  for (const auto& itab : types_.itabs()) {
    if (itab.type == type) wantWord(itab.address, type, name);
  }
}

void Finder::wantInterface(std::string_view interface) {
  const Addr wanted = types_.find(interface);
  if (wanted == 0) return;
  const std::string name(interface);
  for (const auto& itab : types_.itabs()) {
    const image::RuntimeType* type = itab.interface == wanted ? types_.at(itab.type) : nullptr;
    // Other values than pointers lie in a copy that only the interface has.
    if (type != nullptr) wantWord(itab.address, itab.type, name);
  }
}

/// Who points anywhere into the object. One list for all that is wanted of it.
std::uint32_t Finder::listOf(heap::ObjectRef object) {
  const Addr start = heap_.address(object);
  const auto list = static_cast<std::uint32_t>(holders_.size());
  if (!rangeLists_.insert(start, list)) return rangeLists_.find(start);
  holders_.emplace_back();
  ranges_.push_back({start, start + heap_.spans()[object.span].elementSize, list});
  return list;
}

void Finder::wantTarget(Addr object, bool interior) {
  if (object == 0) return;
  const heap::ObjectRef ref = heap_.find(object);
  auto target = targets_.find(object);
  const bool isNew = target == golang::AddrMap::kMissing;
  if (isNew) {
    target = static_cast<std::uint32_t>(lists_.size());
    targets_.insert(object, target);
    lists_.push_back(0);
    targetFilter_.add(object);
  }
  // Who has what it is a part of has it, too.
  if (ref && (interior || heap_.address(ref) != object)) {
    lists_[target] = listOf(ref);
  } else if (isNew) {
    lists_[target] = static_cast<std::uint32_t>(holders_.size());
    holders_.emplace_back();
  }
}

void Finder::heed(const heap::Specials& specials) {
  specials_ = &specials;
  for (const heap::Special& special : specials.all) {
    if (special.kind != heap::SpecialKind::finalizer) continue;
    finalized_.insert(heap_.address(special.object), 0);
  }
}

void Finder::note(std::uint32_t list, Addr word, const Holder& holder) {
  if (holders_[list].size() >= kMaxHolders) return;
  holders_[list].push_back(holder);
  holders_[list].back().word = word;
}

/// The word leads to `value`: that is a target, or in an object that is wanted as a whole.
void Finder::hold(Addr value, Addr word, const Holder& holder) {
  auto list = golang::AddrMap::kMissing;
  if (targetFilter_.may(value)) {
    if (const auto at = targets_.find(value); at != golang::AddrMap::kMissing) {
      list = lists_[at];
      note(list, word, holder);
    }
  }
  if (ranges_.empty() || value < ranges_.front().start || value >= ranges_.back().end) return;
  const Range& range = *std::prev(std::ranges::upper_bound(ranges_, value, {}, &Range::start));
  if (value < range.end && range.list != list) note(range.list, word, holder);
}

/// A value lies in the heap or is a global. Lists of types look like interfaces, too.
bool Finder::isValue(Addr address) const {
  if (heap_.find(address)) return true;
  return std::ranges::any_of(snapshot_.image->modules(), [&](const image::Module& module) {
    return (address >= module.data && address < module.dataEnd) ||
           (address >= module.bss && address < module.bssEnd) ||
           (address >= module.noptrData && address < module.noptrDataEnd) ||
           (address >= module.noptrBss && address < module.noptrBssEnd);
  });
}

/// Whether the object at the address may be one of the type. In a stack frame the word before a
/// pointer that is in use may be left over from another value, and the pair is no interface.
bool Finder::fits(Addr address, Addr type) const {
  const image::RuntimeType* pointer = types_.at(type);
  const image::RuntimeType* pointee =
      pointer != nullptr && pointer->kind == image::TypeKind::pointer ? types_.at(pointer->element)
                                                                      : pointer;
  const heap::ObjectRef object = heap_.find(address);
  if (pointee == nullptr || !object) return pointee != nullptr;
  const std::uint64_t size = heap_.spans()[object.span].elementSize;
  // Size classes waste an eighth at most, and small ones up to 16 bytes.
  return heap_.address(object) == address && size >= pointee->size &&
         size <= pointee->size + pointee->size / 7 + 16;
}

/// `before` is what stands in front of the word: the itab or type, if the two are an interface.
void Finder::look(Addr word, Addr before, Addr value, const Holder& holder) {
  if (wordFilter_.may(before) && isValue(value)) {
    if (const auto at = words_.find(before);
        at != golang::AddrMap::kMissing &&
        (holder.goroutine == kNone || fits(value, wordTypes_[at].type))) {
      heap_.memory().note(word - kWord, kWord);
      for (const std::string& name : wordTypes_[at].names) {
        found_[name].emplace(value, wordTypes_[at].type);
      }
    }
  }
  hold(value, word, holder);
}

/// What running threads have in registers and on their stacks: it may be anything inside of an
/// object, and nobody says that it is a pointer.
void Finder::scanMachine() {
  const auto roots = proof::readMachineRoots(snapshot_);
  for (const proof::HeldPointer& pointer : roots.pointers) {
    const heap::ObjectRef object = heap_.find(pointer.value);
    hold(object ? heap_.address(object) : pointer.value, pointer.at, Holder{});
    if (visit_) visit_({}, pointer.value);
  }
}

/// What finalizers and cleanups will get, what foreign code may hold, and what there are weak
/// pointers to. As markSpecials() and followWeak() of proof/proof.cpp.
void Finder::scanSpecials() {
  if (specials_ == nullptr) return;
  for (const heap::Special& special : specials_->all) {
    if (special.kind != heap::SpecialKind::weakHandle) continue;
    // A weak pointer is a pointer to the handle. Who has one can get a strong one while the object
    // is there, and what a leaked goroutine keeps is there for ever. It keeps nothing itself, which
    // is why visit_ does not see it.
    const heap::ObjectRef handle = heap_.find(heap_.memory().word(special.payload));
    if (handle && !isReachable(handle)) continue;
    look(special.payload, 0, heap_.address(special.object), Holder{});
  }
  heap::visitRootWords(heap_.memory(), *specials_, [&](heap::SpecialKind, Addr at, Addr value) {
    look(at, 0, value, Holder{});
    if (visit_) visit_({}, value);
  });
  for (const heap::ObjectRef object : specials_->pinned) {
    const Addr address = heap_.address(object);
    look(address, 0, address, Holder{});
    if (visit_) visit_({}, address);
  }
}

bool Finder::scanHeap(Observer* observer) {
  heap::TypeMasks masks(*snapshot_.image);
  const heap::Pointers pointers(heap_, masks);
  Progress progress(observer, "resources", heap_.spans().size(), Progress::kDear);
  for (std::uint32_t number = 0; number < heap_.spans().size(); ++number) {
    if (!progress.step()) return false;
    const heap::Span& span = heap_.spans()[number];
    if (!span.scan || span.bytes == nullptr) continue;
    for (std::uint32_t index = 0; index < span.objects; ++index) {
      const heap::ObjectRef object{number, index};
      if (!heap_.allocated(object)) continue;
      Holder holder;
      holder.object = span.address(index);
      holder.reachable = isReachable(object) || finalized_.contains(holder.object);
      // What cannot be parsed is what the proof has counted already.
      (void)pointers.visit(object, [&](Addr address, Addr value) {
        if (value == 0) return;
        Addr before = 0;
        if (address > holder.object) {
          std::memcpy(&before, span.bytes + (address - span.base) - kWord, kWord);
        }
        look(address, before, value, holder);
        if (visit_) visit_(object, value);
      });
    }
  }
  return true;
}

bool Finder::scanStacks(Observer* observer) {
  auto& memory = snapshot_.image->target().memory();
  proof::StackRoots stacks(snapshot_);
  if (stacks.problem()) {
    complete_ = false;
    return true;
  }
  std::vector<proof::HeldPointer> held;
  Progress progress(observer, "stacks for resources", snapshot_.goroutines.size());
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!progress.step()) return false;
    if (i + proof::StackRoots::kAhead < snapshot_.goroutines.size()) {
      stacks.prefetch(snapshot_.goroutines[i + proof::StackRoots::kAhead]);
    }
    // Of one that runs and could not be unwound every word counts, as in the proof.
    if (!stacks.read(snapshot_.goroutines[i], held) || snapshot_.goroutines[i].inFlux ||
        snapshot_.goroutines[i].status == golang::Status::copystack) {
      complete_ = false;
    }
    Holder holder;
    holder.goroutine = i;
    for (const proof::HeldPointer& pointer : held) {
      if (visit_) visit_({}, pointer.value);
      Addr before = 0;
      if (pointer.at != 0 && !pointer.conservative) before = memory.pointer(pointer.at - kWord);
      Addr value = pointer.value;
      if (pointer.conservative) {  // it may lead into an object
        if (const heap::ObjectRef object = heap_.find(value)) value = heap_.address(object);
      }
      look(pointer.at, before, value, holder);
    }
  }
  return true;
}

bool Finder::scan(Observer* observer) {
  if (words_.empty() && targets_.empty() && !visit_) return true;
  std::ranges::sort(ranges_, {}, &Range::start);
  auto& memory = snapshot_.image->target().memory();
  (void)proof::visitGlobals(*snapshot_.image, [&](Addr address, Addr value) {
    look(address, memory.pointer(address - kWord), value, Holder{});
    if (visit_) visit_({}, value);
  });
  if (!scanStacks(observer)) return false;
  scanMachine();
  scanSpecials();
  return scanHeap(observer);
}

std::vector<Finder::Found> Finder::ofType(std::string_view pointerType) const {
  std::vector<Found> result;
  if (const auto at = found_.find(pointerType); at != found_.end()) {
    for (const auto& [address, type] : at->second) result.push_back({address, type});
  }
  return result;
}

std::vector<Finder::Found> Finder::ofInterface(std::string_view interface) const {
  return ofType(interface);
}

std::span<const Holder> Finder::holdersOf(Addr object) const {
  const auto at = targets_.find(object);
  return at == golang::AddrMap::kMissing ? std::span<const Holder>() : holders_[lists_[at]];
}

/// Of a dead object only where there is no proof: a claim that nobody has a thing is one of a
/// proof's, and damage may make a live object look dead.
bool Finder::isReachable(heap::ObjectRef object) const {
  if (marker_ != nullptr) return marker_->isMarked(object);
  return heap_.allocated(object) && !heap_.isDead(object);
}

bool Finder::isReachable(Addr object) const {
  const heap::ObjectRef ref = heap_.find(object);
  return !ref || isReachable(ref);
}

}  // namespace parked::resources
