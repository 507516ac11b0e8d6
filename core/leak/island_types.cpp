#include "leak/island_types.h"

#include <algorithm>

#include "golang/arguments.h"
#include "target/read_log.h"

namespace parked::leak {

namespace {

using image::RuntimeType;
using image::TypeKind;

constexpr std::size_t kMaxGoroutines = 64;  // of an island, whose frames are looked at
constexpr std::uint64_t kMaxElements = 64;  // of a slice

/// "main.(*T).run", "main.(*T).run.func1": the type's full name, "" if it is no such function.
/// `closure`: it is the second.
std::string receiverOf(std::string_view function, bool& closure) {
  constexpr std::string_view kOpen = ".(*", kClosed = ").";
  const std::size_t open = function.find(kOpen);
  if (open == std::string_view::npos || function.find('[') != std::string_view::npos) return {};
  const std::size_t closed = function.find(kClosed, open);
  if (closed == std::string_view::npos) return {};
  const std::string_view type = function.substr(open + kOpen.size(), closed - open - kOpen.size());
  closure = function.find('.', closed + kClosed.size()) != std::string_view::npos;
  std::string name(function.substr(0, open));
  // The linker writes the dots of the last element of a path like this.
  for (std::size_t at; (at = name.find("%2e")) != std::string::npos;) name.replace(at, 3, ".");
  return name + '.' + std::string(type);
}

}  // namespace

IslandTypes::IslandTypes(const golang::Snapshot& snapshot, const proof::Islands& islands)
    : snapshot_(snapshot),
      image_(*snapshot.image),
      memory_(image_.target().memory()),
      islands_(islands),
      graph_(*islands.graph),
      heap_(graph_.heap()),
      types_(image_, heap_, graph_.pointers()),
      unwinder_(image_),
      stacks_(snapshot) {}

void IslandTypes::enter(Index number) {
  const proof::Island& island = islands_.all[number];
  island_ = number;
  typed_.clear(), worked_.clear(), order_.clear();
  const auto members = islands_.goroutinesOf(island);
  const auto some = members.first(std::min(members.size(), kMaxGoroutines));
  for (const Index goroutine : some) lookAtStack(goroutine);
  for (const Node node : islands_.objectsOf(island)) lookAt(node);
  for (const Index goroutine : some) typeReceivers(goroutine);
  for (std::size_t i = 0; i < order_.size(); ++i) spread(order_[i]);
}

/// The island's object whose value begins at the address; 0 if it is none.
Node IslandTypes::nodeAt(Addr value) const {
  const heap::ObjectRef object = heap_.find(value);
  const Node node = object ? graph_.nodeOf(value) : 0;
  if (node < graph_.owners() || node >= graph_.nodes() || islands_.islandOf[node] != island_ ||
      types_.valueOf(object) != value) {
    return 0;
  }
  return node;
}

/// What was told first stays: interfaces come first, and know an object whose first field it is
/// that a method works on.
void IslandTypes::type(Node node, const RuntimeType* type, bool worksOnIt) {
  if (node == 0 || type == nullptr || type->kind != TypeKind::structure) return;
  if (!typed_.contains(node)) {
    if (!types_.fits(graph_.object(node), *type)) return;
    typed_.emplace(node, type);
    order_.push_back(node);
  }
  if (worksOnIt) worked_.insert(node);
}

/// Pointers of a part of the stack, and what closures among them have captured.
void IslandTypes::addHeld(Addr from, Addr to) {
  for (const proof::HeldPointer& pointer : held_) {
    if (pointer.at < from || pointer.at >= to) continue;
    candidates_.push_back(pointer.value);
    const heap::ObjectRef object = heap_.find(pointer.value);
    if (!object || image_.functions().find(memory_.pointer(pointer.value)) == image::kNoFunc)
      continue;
    (void)graph_.pointers().visit(object, [&](Addr, Addr value) { candidates_.push_back(value); });
  }
}

/// A method works on an object of its type: the one it was called with, if that is still told; else
/// the only one of its frame that may be of the type.
void IslandTypes::typeReceiver(const golang::Frame& frame, std::string_view function) {
  bool closure = false;
  const std::string name = receiverOf(function, closure);
  const RuntimeType* receiver = name.empty() ? nullptr : types_.named(name);
  if (receiver == nullptr) return;
  if (!closure) {
    target::ReadLog::Trial trial(memory_.log());
    const auto argument = golang::wordArgument(image_, frame, 0);
    const Node node = argument ? nodeAt(*argument) : 0;
    if (node != 0) trial.keep();
    if (node != 0 && types_.fits(graph_.object(node), *receiver)) {
      type(node, receiver, true);
      return;
    }
  }
  if (receiver->pointerBytes == 0) return;
  candidates_.clear();
  addHeld(frame.sp, frame.argp + 8 * kWord);
  Node only = 0;
  for (const Addr value : candidates_) {
    const Node node = nodeAt(value);
    if (node == 0 || node == only || !types_.fits(graph_.object(node), *receiver)) continue;
    if (only != 0) return;
    only = node;
  }
  type(only, receiver, true);
}

/// Interfaces on the stack: where a word is in use the one before it may be left over, but hardly
/// the type of just such an object.
void IslandTypes::lookAtStack(Index index) {
  stacks_.read(snapshot_.goroutines[index], held_);
  for (const proof::HeldPointer& pointer : held_) {
    const Node node = pointer.at < kWord ? 0 : nodeAt(pointer.value);
    if (node != 0) type(node, types_.ofInterface(memory_.pointer(pointer.at - kWord)), false);
  }
}

void IslandTypes::typeReceivers(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  stacks_.read(goroutine, held_);
  frames_.clear();
  golang::framesOf(snapshot_, goroutine, unwinder_, frames_);
  for (const golang::Frame& frame : frames_) {
    if (frame.function == image::kNoFunc) continue;
    typeReceiver(frame, image_.functions().function(frame.function).name);
  }
}

/// Interfaces tell the types of what they hold.
void IslandTypes::lookAt(Node node) {
  const Addr base = heap_.address(graph_.object(node));
  (void)graph_.pointers().visit(graph_.object(node), [&](Addr at, Addr value) {
    const Node to = at >= base + kWord ? nodeAt(value) : 0;
    if (to == 0 || typed_.contains(to)) return;
    type(to, types_.ofInterface(memory_.pointer(at - kWord)), false);
  });
}

void IslandTypes::spreadPart(const TypePart& part, Addr at) {
  const Addr value = memory_.pointer(at);
  const RuntimeType* own = types_.at(part.type);
  if (own == nullptr || value == 0) return;
  if (part.kind == TypeKind::pointer) {
    type(nodeAt(value), types_.at(own->element), false);
  } else if (part.kind == TypeKind::interface) {
    type(nodeAt(memory_.pointer(at + kWord)), types_.ofInterface(value), false);
  } else if (part.kind == TypeKind::slice) {
    const RuntimeType* element = types_.at(own->element);
    const std::uint64_t length = std::min(memory_.word(at + kWord), kMaxElements);
    if (element == nullptr || element->kind != TypeKind::pointer || !heap_.find(value)) return;
    for (std::uint64_t i = 0; i < length; ++i) {
      type(nodeAt(memory_.pointer(value + i * kWord)), types_.at(element->element), false);
    }
  }
}

/// A known object's fields tell the types of what they point to.
void IslandTypes::spread(Node node) {
  const Addr value = valueOf(node);
  for (const TypePart& part : types_.partsOf(typeOf(node))) spreadPart(part, value + part.offset);
}

}  // namespace parked::leak
