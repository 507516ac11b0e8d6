#include "proof/pointer_words.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/progress.h"
#include "heap/pointers.h"
#include "heap/specials.h"
#include "image/runtime_types.h"
#include "proof/global_roots.h"
#include "proof/machine_roots.h"
#include "proof/stack_roots.h"
#include "target/read_log.h"

namespace parked::proof {

namespace {

class Noter {
 public:
  Noter(const golang::Snapshot& snapshot, const heap::Heap& heap)
      : snapshot_(snapshot),
        image_(*snapshot.image),
        heap_(heap),
        memory_(heap.memory()),
        types_(image_.runtimeTypes()),
        masks_(image_),
        pointers_(heap, masks_) {}

  bool run(Observer* observer);

 private:
  void word(Addr at, Addr value) {
    if (value == 0 || !memory_.contains(value)) return;
    memory_.note(at, kWord);
  }
  /// What is in front of a pointer, if it is the type or the itab of an interface.
  void typeBefore(Addr at);
  void codeAt(Addr at);
  void typesOf(const image::Module& module);
  void held(const HeldPointer& pointer);
  bool objects(Observer* observer);
  void object(heap::ObjectRef object);
  bool stacks(Observer* observer);

  const golang::Snapshot& snapshot_;
  image::Image& image_;
  const heap::Heap& heap_;
  target::AddressSpace& memory_;
  image::RuntimeTypes& types_;
  heap::TypeMasks masks_;
  heap::Pointers pointers_;
};

void Noter::typeBefore(Addr at) {
  const Addr place = at - kWord;
  Addr before = 0;
  const auto bytes = memory_.view(place, kWord);
  if (at < kWord || bytes.size() != kWord) return;
  std::memcpy(&before, bytes.data(), kWord);
  if (before == 0 || before % kWord != 0 || !memory_.contains(before)) return;
  target::ReadLog::Trial trial(memory_.log());
  if (types_.at(before) == nullptr && types_.at(types_.itabAt(before).type) == nullptr) return;
  trial.keep();
  memory_.note(place, kWord);
}

/// A closure begins with the address of its code.
void Noter::codeAt(Addr at) {
  const auto bytes = memory_.view(at, kWord);
  if (bytes.size() != kWord) return;
  Addr code = 0;
  std::memcpy(&code, bytes.data(), kWord);
  const image::FuncIndex function = image_.functions().find(code);
  if (function == image::kNoFunc || image_.functions().function(function).entry != code) return;
  memory_.note(at, kWord);
}

/// Of a position-independent program types are in memory, as they have addresses in them. A page
/// of them may be missing, and a damaged end may lie anywhere.
void Noter::typesOf(const image::Module& module) {
  constexpr std::uint64_t kMost = 1ULL << 28;
  if (module.typesEnd < module.types || module.typesEnd - module.types > kMost) return;
  const std::uint64_t itabs = std::min(module.itabLinkCount * kWord, kMost);
  for (const target::Range& part : {target::Range{module.types, module.typesEnd},
                                    target::Range{module.itabLinks, module.itabLinks + itabs}}) {
    for (const target::Region& region : memory_.regions()) {
      const Addr start = std::max(part.start, region.start), end = std::min(part.end, region.end);
      if (start < end && !region.fromExecutable) memory_.note(start, end - start);
    }
  }
}

void Noter::held(const HeldPointer& pointer) {
  if (pointer.at == 0) return;
  if (!pointer.conservative) {
    word(pointer.at, pointer.value);
    typeBefore(pointer.at);
  } else if (heap_.find(pointer.value)) {
    memory_.note(pointer.at, kWord);
  }
}

void Noter::object(heap::ObjectRef object) {
  const Addr start = heap_.address(object);
  codeAt(start);
  const bool conservative = heap_.spans()[object.span].conservative;
  pointers_.visitOwn(object, [&](Addr at, std::uint64_t size) { memory_.note(at, size); });
  (void)pointers_.visit(object, [&](Addr at, Addr value) {
    if (conservative) {
      held({at, value, true});
      return;
    }
    word(at, value);
    if (value != 0 && at > start) typeBefore(at);
  });
}

bool Noter::objects(Observer* observer) {
  Progress progress(observer, "pointers", heap_.spans().size(), Progress::kDear);
  for (std::uint32_t number = 0; number < heap_.spans().size(); ++number) {
    if (!progress.step()) return false;
    const heap::Span& span = heap_.spans()[number];
    if (!span.scan || span.bytes == nullptr) continue;
    for (std::uint32_t index = 0; index < span.objects; ++index) {
      if (heap_.allocated({number, index})) object({number, index});
    }
  }
  return true;
}

bool Noter::stacks(Observer* observer) {
  StackRoots stacks(snapshot_);
  if (stacks.problem()) return true;
  std::vector<HeldPointer> found;
  Progress progress(observer, "stacks", snapshot_.goroutines.size());
  for (const golang::Goroutine& goroutine : snapshot_.goroutines) {
    if (!progress.step()) return false;
    stacks.read(goroutine, found);
    for (const HeldPointer& pointer : found) held(pointer);
  }
  return true;
}

bool Noter::run(Observer* observer) {
  for (const image::Module& module : image_.modules()) typesOf(module);
  // What is missing the report says, with the log or without.
  (void)visitGlobals(image_, [this](Addr at, Addr value) {
    word(at, value);
    typeBefore(at);
  });
  for (const HeldPointer& pointer : readMachineRoots(snapshot_).pointers) held(pointer);
  return stacks(observer) && objects(observer);
}

}  // namespace

bool notePointerWords(const golang::Snapshot& snapshot, const heap::Heap& heap,
                      Observer* observer) {
  return Noter(snapshot, heap).run(observer);
}

}  // namespace parked::proof
