// Which type an object of the heap has. The heap itself does not say, but of large objects; whoever
// claims to know is checked by the words of the object.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "heap/heap.h"
#include "heap/pointers.h"
#include "image/image.h"
#include "image/runtime_types.h"

namespace parked::leak {

/// A value's parts that are no struct or array.
struct TypePart {
  std::uint64_t offset = 0;
  image::TypeKind kind = image::TypeKind::invalid;
  Addr type = 0;     ///< descriptor
  std::string name;  ///< path of a string's fields: "opt.Addr"
};

class ObjectTypes {
 public:
  /// All must outlive the object.
  ObjectTypes(image::Image& image, const heap::Heap& heap, const heap::Pointers& pointers);

  /// The type of that full name ("example.com/shop.Client"): one whose pointer type the linker
  /// lists, or one that code of its package makes values of. Null if neither is there.
  const image::RuntimeType* named(const std::string& fullName);
  /// Of a word before another one: what the two hold if they are an interface; null if they are
  /// none.
  const image::RuntimeType* ofInterface(Addr word);
  const image::RuntimeType* at(Addr descriptor) { return types_.at(descriptor); }
  std::string fullName(const image::RuntimeType& type) { return types_.fullName(type); }

  /// Where the object's value begins: large ones have their type in front (since 1.22).
  Addr valueOf(heap::ObjectRef object) const;
  /// Whether the object may be one value of the type: its size, which of its words are pointers,
  /// and that strings, slices, interfaces and flags in it are such.
  bool fits(heap::ObjectRef object, const image::RuntimeType& type);
  /// In order of their offsets; those of arrays, too. Very many are cut.
  const std::vector<TypePart>& partsOf(const image::RuntimeType& type);

  /// Name of the method that ends what an object of the type does: Close, Stop, Shutdown … By the
  /// type's descriptors, or where the linker kept the method's code, by that. "" if it has none, or
  /// it is not known. `own`: one that only its package can call counts as well.
  std::string closerOf(const image::RuntimeType& type, bool own);

 private:
  Addr itabType(Addr word);
  void addParts(Addr type, std::uint64_t offset, const std::string& name, int depth,
                std::vector<TypePart>& parts);
  void indexPackage(const std::string& package);
  bool isValue(const TypePart& part, Addr at);
  bool samePointers(heap::ObjectRef object, const image::RuntimeType& type);
  std::vector<std::string> methodsOf(const image::RuntimeType& type);

  image::Image& image_;
  const heap::Heap& heap_;
  const heap::Pointers& pointers_;
  image::RuntimeTypes& types_;
  target::AddressSpace& memory_;
  std::unordered_map<Addr, std::vector<TypePart>> parts_;
  std::map<std::string, Addr> named_;
  std::unordered_set<std::string> indexed_;  // packages
  std::map<std::pair<Addr, bool>, std::string> closers_;
  std::unordered_map<Addr, Addr> itabs_;  // words to the types of itabs, 0: it is none
};

}  // namespace parked::leak
