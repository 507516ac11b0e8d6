// Finds objects of the standard library's types, and who points to an object, in one pass over the
// heap, the globals and the stacks. Works without DWARF: an interface value is a pair of words, of
// which the first tells the type of what the second points to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/observer.h"
#include "golang/addr_map.h"
#include "golang/snapshot.h"
#include "heap/heap.h"
#include "heap/specials.h"
#include "image/runtime_types.h"
#include "proof/marker.h"

namespace parked::resources {

using golang::Index;
using golang::kNone;

/// A word that points to a wanted object, or through which somebody can still get a pointer to it.
struct Holder {
  Addr word = 0;    ///< where it is
  Addr object = 0;  ///< start of the heap object it is in; 0: a global, a stack, the runtime
  Index goroutine = kNone;  ///< whose stack it is in
  /// What can still run reaches it, or a finalizer will get it. Without a proof: the last
  /// collection did not find it dead.
  bool reachable = true;
};

class Finder {
 public:
  /// `marker` may be null. All must outlive the object.
  Finder(const golang::Snapshot& snapshot, const heap::Heap& heap, const proof::Marker* marker);

  /// Asks for the objects some interface holds as the pointer type of that full name
  /// ("*net/http.Transport"). A program without that type has none.
  void wantType(std::string_view pointerType);
  /// Asks for the objects any interface of type `interface` ("context.Context") holds.
  void wantInterface(std::string_view interface);
  /// Asks who points to the start of the object; with `interior`, or if it is a part of a larger
  /// one, to anything in it.
  void wantTarget(Addr object, bool interior = false);
  /// Objects that have a finalizer count as reachable: what it will do with them is not known. What
  /// finalizers and cleanups will get is held, and so is what a weak pointer leads to that somebody
  /// has. `specials` must outlive the pass.
  void heed(const heap::Specials& specials);
  /// Asks to be told of every pointer of the pass: the object it is in (none: it is in a global, on
  /// a stack or in a register) and where it leads.
  using Visit = std::function<void(heap::ObjectRef holder, Addr value)>;
  void visitPointers(Visit visit) { visit_ = std::move(visit); }

  /// One pass. False if the user interrupted.
  bool scan(Observer* observer);

  struct Found {
    Addr address = 0;  ///< of the object
    Addr type = 0;     ///< descriptor of its pointer type
  };
  /// Distinct objects by address.
  std::vector<Found> ofType(std::string_view pointerType) const;
  std::vector<Found> ofInterface(std::string_view interface) const;
  /// Of an object with very many holders only the first kMaxHolders.
  std::span<const Holder> holdersOf(Addr object) const;
  static constexpr std::size_t kMaxHolders = 4096;
  /// Every stack was read, and the holders are not too many: who is not among them does not hold
  /// the object.
  bool knowsHolders(Addr object) const {
    return complete_ && holdersOf(object).size() < kMaxHolders;
  }

  /// Whether what can still run reaches the object: it is a global, or marked. Without a proof
  /// every allocated object counts as reachable that the last collection did not find dead.
  bool isReachable(Addr object) const;

 private:
  class Filter {
   public:
    void add(Addr value) { bits_[slot(value) / 64] |= std::uint64_t{1} << (slot(value) % 64); }
    bool may(Addr value) const { return (bits_[slot(value) / 64] >> (slot(value) % 64) & 1) != 0; }

   private:
    static constexpr unsigned kBits = 16;
    static std::size_t slot(Addr value) { return value * 0x9e3779b97f4a7c15U >> (64 - kBits); }
    std::vector<std::uint64_t> bits_ = std::vector<std::uint64_t>(1U << (kBits - 6));
  };

  void wantWord(Addr word, Addr type, const std::string& name);
  bool isValue(Addr address) const;
  bool fits(Addr address, Addr type) const;
  std::uint32_t listOf(heap::ObjectRef object);
  void note(std::uint32_t list, Addr word, const Holder& holder);
  void hold(Addr value, Addr word, const Holder& holder);
  bool isReachable(heap::ObjectRef object) const;
  void scanMachine();
  void scanSpecials();
  void look(Addr word, Addr before, Addr value, const Holder& holder);
  bool scanHeap(Observer* observer);
  bool scanStacks(Observer* observer);

  const golang::Snapshot& snapshot_;
  const heap::Heap& heap_;
  const proof::Marker* marker_;
  image::RuntimeTypes& types_;
  golang::AddrMap words_;  // itab or type to wordTypes_
  struct WordType {
    Addr type;
    std::vector<std::string> names;
  };
  std::vector<WordType> wordTypes_;
  Filter wordFilter_, targetFilter_;
  golang::AddrMap targets_;           // to lists_
  std::vector<std::uint32_t> lists_;  // by target: its list in holders_
  std::vector<std::vector<Holder>> holders_;
  struct Range {
    Addr start = 0, end = 0;
    std::uint32_t list = 0;
  };
  std::vector<Range> ranges_;   // objects wanted with what is inside of them, sorted for the pass
  golang::AddrMap rangeLists_;  // by their starts: into holders_
  Visit visit_;
  const heap::Specials* specials_ = nullptr;
  golang::AddrMap finalized_;
  bool complete_ = true;                                            // every stack was read
  std::map<std::string, std::map<Addr, Addr>, std::less<>> found_;  // by name: address to type
};

}  // namespace parked::resources
