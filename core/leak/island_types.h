// Which types the objects have that one island of orphans alone keeps alive (proof/islands.h).
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "golang/unwind.h"
#include "leak/object_types.h"
#include "proof/islands.h"
#include "proof/stack_roots.h"

namespace parked::leak {

using golang::Index;
using golang::kNone;
using proof::Node;

class IslandTypes {
 public:
  /// Both must outlive the object; the islands have a graph.
  IslandTypes(const golang::Snapshot& snapshot, const proof::Islands& islands);

  /// Works out the types of an island's objects: of what methods work on, of what interfaces hold,
  /// and of what the fields of such objects point to.
  void enter(Index island);
  /// Those whose type is known, in the order in which it was told.
  const std::vector<Node>& typed() const { return order_; }
  const image::RuntimeType& typeOf(Node node) const { return *typed_.at(node); }
  /// A method of its type runs on it.
  bool isWorkedOn(Node node) const { return worked_.contains(node); }
  /// Where its value begins.
  Addr valueOf(Node node) const { return types_.valueOf(graph_.object(node)); }
  ObjectTypes& types() { return types_; }

 private:
  Node nodeAt(Addr value) const;
  void type(Node node, const image::RuntimeType* type, bool worksOnIt);
  void lookAtStack(Index goroutine);
  void typeReceivers(Index goroutine);
  void typeReceiver(const golang::Frame& frame, std::string_view function);
  void addHeld(Addr from, Addr to);
  void lookAt(Node node);
  void spread(Node node);
  void spreadPart(const TypePart& part, Addr at);

  const golang::Snapshot& snapshot_;
  image::Image& image_;
  target::AddressSpace& memory_;
  const proof::Islands& islands_;
  const proof::LostGraph& graph_;
  const heap::Heap& heap_;
  ObjectTypes types_;
  golang::Unwinder unwinder_;
  proof::StackRoots stacks_;

  // Of the island that was entered.
  Index island_ = kNone;
  std::unordered_map<Node, const image::RuntimeType*> typed_;
  std::unordered_set<Node> worked_;
  std::vector<Node> order_;
  std::vector<proof::HeldPointer> held_;
  std::vector<golang::Frame> frames_;
  std::vector<Addr> candidates_;
};

}  // namespace parked::leak
