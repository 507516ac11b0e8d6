#include "proof/path.h"

#include <algorithm>

#include "golang/addr_map.h"
#include "golang/types.h"
#include "image/itab_layout.h"

namespace parked::proof {

namespace {

constexpr std::size_t kMaxSteps = 1 << 16;

/// Says what an object is, as far as its neighbours tell.
class Namer {
 public:
  Namer(const golang::Snapshot& snapshot, const Proof& proof)
      : image_(*snapshot.image),
        memory_(image_.target().memory()),
        heap_(*proof.heap()),
        types_(memory_, image_.layouts(), image_.modules(), strings_) {
    itabType_ = image::ItabLayout::of(image_.layouts()).type;
    goroutines_.reserve(snapshot.goroutines.size());
    for (Index i = 0; i < snapshot.goroutines.size(); ++i) {
      goroutines_.insert(snapshot.goroutines[i].address, i);
    }
    for (Index i = 0; i < snapshot.timers.size(); ++i) addInside(timers_, snapshot.timers[i], i);
    for (Index i = 0; i < snapshot.channels.size(); ++i) {
      addInside(channels_, snapshot.channels[i], i);
    }
  }

  void name(ObjectRef object, Addr pointedFrom, PathStep& step);

 private:
  std::string typeAt(Addr descriptor) { return std::string(strings_[types_.name(descriptor)]); }
  bool isType(Addr address) const {
    return std::ranges::any_of(image_.modules(), [&](const image::Module& module) {
      return address >= module.types && address < module.typesEnd;
    });
  }
  std::string interfaceType(Addr pointedFrom);
  /// By the object it lies in.
  template <class T>
  void addInside(AddrMap& map, const T& value, Index index) {
    if (const ObjectRef object = heap_.find(value.address)) {
      map.insert(heap_.address(object), index);
    }
  }

  image::Image& image_;
  target::AddressSpace& memory_;
  const heap::Heap& heap_;
  StringTable strings_;
  golang::TypeNames types_;
  image::Field<Addr> itabType_;
  AddrMap goroutines_, timers_, channels_;
};

/// The word in front of an interface's data says the type of what the data points to.
std::string Namer::interfaceType(Addr pointedFrom) {
  Addr before = 0;
  if (pointedFrom < 8 || !memory_.contains(pointedFrom - 8)) return {};
  before = memory_.pointer(pointedFrom - 8);
  if (isType(before)) {
    const std::string name = typeAt(before);
    if (!name.empty()) return name;
  }
  Addr type = 0;
  if (!itabType_ || !memory_.contains(before) || !memory_.contains(before + itabType_.offset)) {
    return {};
  }
  type = memory_.pointer(before + itabType_.offset);
  return isType(type) ? typeAt(type) : std::string();
}

void Namer::name(ObjectRef object, Addr pointedFrom, PathStep& step) {
  const heap::Span& span = heap_.spans()[object.span];
  step.object = heap_.address(object);
  step.size = span.elementSize;
  step.goroutine = goroutines_.find(step.object);
  step.timer = timers_.find(step.object);
  step.channel = channels_.find(step.object);
  const heap::SpanDetails& details = heap_.details(object.span);
  Addr first = 0;
  if (span.scan && memory_.contains(step.object)) {
    first = memory_.pointer(step.object);
    const image::FuncIndex function = image_.functions().find(first);
    if (function != image::kNoFunc && image_.functions().function(function).entry == first) {
      step.closureOf = first;
    }
  }
  if (details.largeType != 0) step.type = typeAt(details.largeType);
  if (step.type.empty() && heap_.scheme() == heap::PointerScheme::headers && span.scan &&
      !details.large && span.elementSize > 512) {
    step.type = typeAt(first);
  }
  if (step.type.empty()) step.type = interfaceType(pointedFrom);
}

}  // namespace

Path pathTo(const golang::Snapshot& snapshot, const Proof& proof, Addr address,
            const Marker* other) {
  Path path;
  if (!proof.given()) return path;
  const heap::Heap& heap = *proof.heap();
  const Marker& marker = other != nullptr ? *other : *proof.marker();
  ObjectRef object = heap.find(address);
  std::vector<ObjectRef> chain;
  while (object && chain.size() < kMaxSteps) {
    const Parent parent = marker.parentOf(object);
    if (parent.isNone()) return {};
    chain.push_back(object);
    if (parent.isRoot()) {
      path.root = marker.root(parent.root());
      break;
    }
    object = heap.byScanSlot(parent.scanSlot());
  }
  std::ranges::reverse(chain);
  Namer namer(snapshot, proof);
  heap::TypeMasks types(*snapshot.image);
  const heap::Pointers pointers(heap, types);
  Addr from = path.root.address;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    PathStep& step = path.steps.emplace_back();
    namer.name(chain[i], from, step);
    if (i + 1 == chain.size()) break;
    pointers.visit(chain[i], [&](Addr at, Addr value) {
      if (step.word == 0 && heap.find(value) == chain[i + 1]) step.word = at;
    });
    from = step.word;
  }
  return path;
}

}  // namespace parked::proof
