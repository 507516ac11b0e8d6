// What islands of orphans can still reach that others have: what they do there may be seen.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "golang/addr_map.h"
#include "image/function_references.h"
#include "leak/code.h"
#include "proof/orphans.h"

namespace parked::leak {

class IslandReach {
 public:
  /// All must outlive the object; the islands have a graph.
  IslandReach(const golang::Snapshot& snapshot, const Code& code, const proof::Orphans& orphans);

  /// Adds what the island's objects and stacks lead to, and the variables that the code of its
  /// goroutines names.
  void add(golang::Index island);
  /// A few of all since the last call, in words.
  std::vector<std::string> take();

 private:
  void addReach(std::string name);
  void noteWord(Addr value);
  void noteCode(golang::Index goroutine);
  bool enough() const;

  const golang::Snapshot& snapshot_;
  const Code& code_;
  image::Image& image_;
  const proof::Orphans& orphans_;
  const proof::LostGraph& graph_;
  const heap::Heap& heap_;
  proof::StackRoots stacks_;
  image::FunctionReferences references_;
  golang::AddrMap neutral_;          // g's, which the runtime reaches
  std::unordered_set<Addr> timers_;  // objects with a timer, which knows its P
  std::unordered_set<Addr> noted_;   // functions
  std::vector<proof::HeldPointer> held_;
  std::vector<std::string> reaches_;
};

}  // namespace parked::leak
