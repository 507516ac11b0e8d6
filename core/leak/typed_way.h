// Types along the way that keeps an object alive, as far as they are told by the variable the way
// starts at (DWARF), or by what the target itself notes of values: interfaces, channels, headers of
// large objects.
#pragma once

#include <string>

#include "golang/snapshot.h"
#include "heap/heap.h"
#include "image/type_source.h"

namespace parked::leak {

/// Follows a way word by word. Where a type is not known (a stack slot, a closure, unsafe pointers)
/// the rest has none, until an interface tells one again.
class TypedWay {
 public:
  explicit TypedWay(const golang::Snapshot& snapshot);

  /// Starts at a global.
  void enter(std::string_view variable, Addr address);
  /// The way has reached an object of which what came before does not tell the type: takes the one
  /// that the heap notes of large objects (since 1.22). Leaves a type that is known.
  void reach(const heap::Heap& heap, Addr object);
  /// The same of a channel, which knows what it carries.
  void reachChannel(Addr channel);
  /// "map[string]*main.session", of the value the way has reached; "" if it is not known.
  std::string type() const;
  /// The same of what points to it: "*main.session", "[]*main.session", "chan int".
  std::string pointerType() const;
  /// There are more of its kind behind the value: it is in an array.
  bool severalThere() const { return type_ != 0 && several_; }
  /// Of a value that is an array, how many it has; 0 of others.
  std::uint64_t arrayLength() const;
  /// The value is a part of how the runtime keeps maps.
  bool insideMap() const;
  /// The field at `at` that is a lock of package sync: ".mu"; "" if that is not known.
  std::string lockAt(Addr at) const;
  /// Goes on through the word at `at`; gives the field it is, ".conns[2].done", in words for an
  /// entry of a map, "" if it is not known.
  std::string follow(Addr at);

 private:
  image::TypeRef described(Addr descriptor) const;
  image::TypeRef heldBy(Addr word) const;
  void followInterface(Addr at, Addr value);
  void followMapDirectory(Addr value);

  target::AddressSpace& memory_;
  image::Image& image_;
  image::TypeSource& types_;
  image::Field<Addr> itabType_, elementType_;
  image::TypeRef type_ = 0;
  image::TypeRef element_ = 0;  // of a channel's buffer, when the way has reached a channel
  Addr start_ = 0;              // of the value
  bool several_ = false;        // there are more behind it: an array
};

}  // namespace parked::leak
