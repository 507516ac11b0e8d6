// Marks what is reachable, breadth first, and remembers through what.
// Does what gcDrain of runtime/mgcmark.go does, on the outside.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/observer.h"
#include "golang/addr_map.h"
#include "golang/snapshot.h"
#include "heap/heap.h"
#include "heap/pointers.h"

namespace parked::proof {

using golang::AddrMap;
using golang::Index;
using golang::kNone;
using heap::ObjectRef;

/// Where marking starts.
enum class RootKind : std::uint8_t {
  global,     ///< a variable in data or bss
  stack,      ///< a slot of a goroutine that can run
  goroutine,  ///< its g: deferred calls, panics, labels, the closure it was started with
  sudog,      ///< what a queue entry of a goroutine that can run points to
  machine,    ///< a register, or a system stack of a thread
  finalizer,  ///< an object that a finalizer will get to see
  cleanup,
  weakHandle,  ///< an object whose weak pointer can still be made a strong one
  pinned,
};

struct Root {
  RootKind kind = RootKind::global;
  Index goroutine = kNone;  ///< of stack, goroutine and sudog
  Addr address = 0;         ///< of the word that points into the heap; 0 for a register
};

/// What marked an object: another object, or a root. In 32 bits, because there is one for each
/// object that holds pointers.
class Parent {
 public:
  Parent() = default;
  static Parent ofObject(std::uint32_t scanSlot) { return Parent(scanSlot + 1); }
  static Parent ofRoot(std::uint32_t root) { return Parent(root | kRoot); }
  bool isNone() const { return code_ == 0; }
  bool isRoot() const { return (code_ & kRoot) != 0; }
  std::uint32_t root() const { return code_ & ~kRoot; }
  std::uint32_t scanSlot() const { return code_ - 1; }

 private:
  static constexpr std::uint32_t kRoot = 0x80000000;
  explicit Parent(std::uint32_t code) : code_(code) {}
  std::uint32_t code_ = 0;
};

class Marker {
 public:
  /// `paths`: parentOf() will be asked; without, it is not remembered. What `before`, which may be
  /// null, has marked is known to be allocated: a second pass over the heap does not ask again.
  Marker(const heap::Heap& heap, const heap::Pointers& pointers, bool paths = true,
         const Marker* before = nullptr);

  // Before marking.

  /// Asks to be told when the object is marked.
  void watch(ObjectRef object) { set(watched_, heap_.slot(object)); }
  bool isWatched(ObjectRef object) const { return test(watched_, heap_.slot(object)); }
  /// The object is marked, but what it points to only once it is released.
  void hold(ObjectRef object) { set(held_, heap_.slot(object)), flag(object); }
  /// Room for that many words to hide.
  void reserveHidden(std::size_t words) { hidden_.reserve(words); }
  /// The word at `address`, inside of `object`, is not followed until the goroutine is released.
  void hideWord(ObjectRef object, Addr address, Index goroutine);
  /// Nothing in `object` is followed to an address that is in `targets`, which must live on.
  void hideTargets(ObjectRef object, const AddrMap* targets);

  // Marking.

  /// A pointer found by a root. `conservative`: it may be none; then a free slot is no reason to
  /// doubt the heap.
  void mark(Addr pointer, const Root& root, bool conservative);
  /// Everything the object points to, but not itself.
  void markPointersOf(ObjectRef object, const Root& root);
  /// Follows what hold() and hideWord() kept back for the goroutine from here on.
  void release(Index goroutine, Addr g);
  /// From here on a pointer to free memory is not followed, and no reason to doubt the heap: it may
  /// be in an object that is dead and not swept yet.
  void forgiveFree() { forgiving_ = true; }
  /// Marks until nothing is left. False if the user interrupted.
  bool drain(Observer* observer);
  /// Watched objects that were marked since the last call.
  std::vector<ObjectRef> takeReached() { return std::exchange(reached_, {}); }

  // Results.

  bool isMarked(ObjectRef object) const { return test(marked_, heap_.slot(object)); }
  Parent parentOf(ObjectRef object) const;
  const Root& root(std::uint32_t number) const { return roots_[number]; }
  std::uint64_t markedObjects() const { return objects_; }
  /// Precise pointers to free slots or pages: the heap or a stack map was misread.
  std::uint64_t badPointers() const { return badPointers_; }
  /// Objects whose pointers could not be told.
  std::uint64_t unparsable() const { return unparsable_; }
  Addr firstBad() const { return firstBad_; }

 private:
  using Bits = std::vector<std::uint64_t>;

  void noteBad(Addr pointer);
  void noteParsed(ObjectRef object, bool parsed);

  static void set(Bits& bits, std::uint64_t i) { bits[i / 64] |= std::uint64_t{1} << (i % 64); }
  static bool test(const Bits& bits, std::uint64_t i) {
    return (bits[i / 64] >> (i % 64) & 1) != 0;
  }

  void flag(ObjectRef object) { set(flagged_, heap_.slot(object)); }
  /// Marks the object unless it is; true if it was not. `conservative`: as in mark(), and where the
  /// pointer is in an object that is dead.
  bool markObject(ObjectRef object, Parent parent, bool conservative);
  void scan(ObjectRef object);
  void scanFlagged(ObjectRef object, Parent self);

  const heap::Heap& heap_;
  const heap::Pointers& pointers_;
  const Marker* before_;
  Bits marked_, watched_;
  Bits flagged_, held_;          // flagged: held, or something in it is hidden
  std::vector<Parent> parents_;  // by scan slot; empty if no paths are asked for
  AddrMap looseParents_;         // watched objects without pointers: address to loose_
  std::vector<Parent> loose_;
  std::vector<Root> roots_;
  AddrMap hidden_;              // address of a hidden word to its goroutine
  AddrMap hidesTargets_;        // addresses of objects
  std::vector<bool> released_;  // by goroutine
  const AddrMap* hiddenTargets_ = nullptr;
  std::vector<ObjectRef> current_, next_;
  std::vector<ObjectRef> reached_;
  std::uint64_t objects_ = 0, badPointers_ = 0, unparsable_ = 0;
  Addr firstBad_ = 0;
  bool forgiving_ = false;
};

}  // namespace parked::proof
