// What somebody has at hand: what a few words lead to from his stack, without the globals that lead
// everywhere.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/observer.h"
#include "golang/addr_map.h"
#include "golang/snapshot.h"
#include "heap/pointers.h"
#include "proof/proof.h"
#include "proof/stack_roots.h"

namespace parked::proof {

class Near {
 public:
  /// How many words may lie between a stack and what counts as at hand: the object's own pointer,
  /// and that of a struct or two it is kept in.
  static constexpr std::uint8_t kSteps = 3;

  /// The proof must be given. Without `globals` what lies behind variables does not count: then it
  /// is at hand for certain, and with them it may be.
  Near(const golang::Snapshot& snapshot, const Proof& proof, bool globals = true);

  /// Asks to be told, with `id`, when the object that `address` points into is at hand.
  void watch(Addr address, std::uint32_t id);
  /// No way leads through the object that `address` points into: everybody has it.
  void bar(Addr address);
  /// From here on what this goroutine has at hand counts.
  void enter(Index goroutine);
  /// The same of timers that will run, and of what is in registers and on system stacks.
  void enterMachine();
  /// What was found since the last call, each as often as it is watched; each object once. False if
  /// the user interrupted.
  bool find(std::vector<std::uint32_t>& ids, Observer* observer);
  /// A stack could not be read: somebody may have more at hand.
  bool complete() const { return complete_; }

 private:
  struct FreeMemory {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };
  struct Step {
    heap::ObjectRef object;
    std::uint8_t left;  // words that may still follow
  };
  struct Watch {
    std::uint64_t slot;
    std::uint32_t id;
  };
  struct Word {
    Addr at, value;
  };

  void reach(Addr pointer, std::uint8_t left);
  void reachStatic(Addr pointer, std::uint8_t left);

  const golang::Snapshot& snapshot_;
  const heap::Heap& heap_;
  heap::TypeMasks types_;
  heap::Pointers pointers_;
  StackRoots stacks_;
  // By slot: one more than the words that were left when the object was reached, 0 if it was not.
  // Most slots are never asked about, so the pages come from the system, zeroed, as they are
  // touched.
  std::unique_ptr<std::uint8_t[], FreeMemory> reached_;
  std::vector<Step> todo_;
  std::vector<Word> globals_;  // words of variables that hold a pointer, by their address
  golang::AddrMap statics_;    // addresses of such that were reached, to their place in staticLeft_
  std::vector<std::uint8_t> staticLeft_;  // as in reached_
  std::vector<Watch> watches_;
  bool sorted_ = false;
  std::vector<std::uint64_t> found_;  // slots
  golang::AddrMap watched_;           // slot + 1
  std::vector<HeldPointer> held_;
  bool complete_ = true;
};

}  // namespace parked::proof
