#include "proof/at_hand.h"

#include <algorithm>

#include "image/runtime_types.h"
#include "target/read_log.h"

namespace parked::proof {

AtHand::AtHand(const golang::Snapshot& snapshot, const heap::Heap& heap,
               const heap::Pointers& pointers)
    : snapshot_(snapshot), heap_(heap), pointers_(pointers) {
  neutral_.reserve(snapshot.goroutines.size() + 2);
  for (Index i = 0; i < snapshot.goroutines.size(); ++i) {
    neutral_.insert(snapshot.goroutines[i].address, i);
  }
  image::RuntimeTypes& types = snapshot.image->runtimeTypes();
  for (const auto& itab : types.itabs()) {
    const image::RuntimeType* type = types.at(itab.type);
    if (type == nullptr) continue;
    if (type->name == "*context.emptyCtx") rootContexts_.push_back(itab.address);
    if (!type->directInterface && type->pointerBytes == 0) boxing_.insert(itab.address, 0);
  }
  for (Index i = 0; i < snapshot.timers.size(); ++i) {
    const ObjectRef object = heap.find(snapshot.timers[i].address);
    if (object) timerObjects_.insert(heap.address(object), i);
  }
}

bool AtHand::read(StackRoots& stacks, const golang::Goroutine& goroutine) {
  const bool whole = stacks.read(goroutine, stack_);
  direct_ = stack_;
  for (const HeldPointer& held : stack_) {
    noteRoot(held, goroutine.stackLo);
    const ObjectRef object = heap_.find(held.value);
    if (!object || !isClosure(object)) continue;
    const std::size_t before = direct_.size();
    addTargets(object, direct_);
    for (std::size_t i = before; i < direct_.size(); ++i) {
      noteRoot(direct_[i], heap_.address(object));
    }
  }
  return whole;
}

std::vector<HeldPointer> AtHand::behind(const AddrMap& harmless) {
  std::vector<HeldPointer> result;
  for (const HeldPointer& held : direct_) {
    const ObjectRef object = telling(held.value, harmless);
    if (!object || timerObjects_.contains(heap_.address(object))) continue;
    const std::size_t before = result.size();
    addTargets(object, result);
    for (std::size_t i = before; i < result.size(); ++i) {
      noteRoot(result[i], heap_.address(object));
    }
  }
  return result;
}

/// Notes a context that nobody can cancel: the interface's first word, before the pointer, tells.
void AtHand::noteRoot(const HeldPointer& held, Addr from) {
  if (rootContexts_.empty()) return;
  const Addr itab = wordBefore(held.at, from);
  if (itab == 0 || std::ranges::find(rootContexts_, itab) == rootContexts_.end()) return;
  if (const ObjectRef object = heap_.find(held.value)) neutral_.insert(heap_.address(object), 0);
}

bool AtHand::isClosure(ObjectRef object) const {
  if (!heap_.spans()[object.span].scan) return false;
  const Addr code = heap_.memory().pointer(heap_.address(object));
  const image::FunctionTable& functions = snapshot_.image->functions();
  const image::FuncIndex function = functions.find(code);
  return function != image::kNoFunc && functions.function(function).entry == code;
}

void AtHand::addTargets(ObjectRef object, std::vector<HeldPointer>& to) const {
  pointers_.visit(object, [&](Addr at, Addr value) {
    if (value != 0 && !isBox(object, at)) to.push_back({at, value, false});
  });
}

/// An interface's copy of a value (runtime.convT) is never written again, so nobody tells anything
/// by it: what may lie beside it in a block of small ones is somebody else's. Only of words in
/// objects: on a stack the word before may be another one's.
bool AtHand::isBox(ObjectRef object, Addr at) const {
  return !boxing_.empty() && boxing_.contains(wordBefore(at, heap_.address(object)));
}

/// 0 for the first one of what begins at `from`.
Addr AtHand::wordBefore(Addr at, Addr from) const {
  return at < from + sizeof(Addr) ? 0 : heap_.memory().pointer(at - sizeof(Addr));
}

/// Text is no flag, whose value is small or a zero: strings are shared all over a program.
bool AtHand::isText(ObjectRef object, Addr pointer) const {
  constexpr std::uint64_t kEnough = 2;
  const heap::Span& span = heap_.spans()[object.span];
  if (span.scan || pointer + kEnough > heap_.address(object) + span.elementSize) return false;
  // Of a process no more was copied of an object without pointers (capture/heap_memory.h).
  constexpr std::uint64_t kCopied = 4096;
  if (pointer + kEnough > heap_.address(object) + kCopied) return false;
  const auto bytes = heap_.memory().view(pointer, kEnough);
  const bool text = !bytes.empty() && std::ranges::all_of(bytes, [](std::byte byte) {
    return byte >= std::byte{' '} && byte < std::byte{0x7f};
  });
  if (text && heap_.memory().log() != nullptr) heap_.memory().log()->noteIsText(pointer, kEnough);
  return text;
}

ObjectRef AtHand::telling(Addr pointer, const AddrMap& harmless) const {
  const ObjectRef object = heap_.find(pointer);
  if (!object || !heap_.allocated(object) || neutral_.contains(heap_.address(object)) ||
      harmless.contains(heap_.address(object)) || isText(object, pointer)) {
    return {};
  }
  return object;
}

}  // namespace parked::proof
