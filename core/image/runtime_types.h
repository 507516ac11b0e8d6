// The types of the target by its own descriptors, which are there with or without DWARF: kinds,
// names, fields, elements. Mirrors internal/abi/type.go and internal/abi/map*.go
// (runtime/type.go before 1.21), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "image/layout.h"
#include "image/moduledata.h"

namespace parked::image {

struct DescriptorLayout;

/// reflect.Kind; the numbers are the same in all versions.
enum class TypeKind : std::uint8_t {
  invalid = 0,
  boolean = 1,
  integer = 2,
  integer8 = 3,
  integer16 = 4,
  integer32 = 5,
  integer64 = 6,
  uinteger = 7,
  uinteger8 = 8,
  uinteger16 = 9,
  uinteger32 = 10,
  uinteger64 = 11,
  uintptr = 12,
  float32 = 13,
  float64 = 14,
  complex64 = 15,
  complex128 = 16,
  array = 17,
  channel = 18,
  function = 19,
  interface = 20,
  map = 21,
  pointer = 22,
  slice = 23,
  string = 24,
  structure = 25,
  unsafePointer = 26,
};

struct RuntimeField {
  std::string name;
  Addr type = 0;             ///< descriptor
  std::uint64_t offset = 0;  ///< bytes from the start of the struct
};

/// Where a map keeps its entries. Which of the two forms it has is told by `swiss`.
struct MapShape {
  bool swiss = false;           ///< groups of eight slots (since 1.24), else buckets of eight
  std::uint64_t groupSize = 0;  ///< bytes of a group or bucket; at least the eight of its hashes
  /// Of key i and element i inside of a group or bucket: offset + i * stride.
  std::uint64_t keyOffset = 0, keyStride = 0, elementOffset = 0, elementStride = 0;
  bool indirectKey = false, indirectElement = false;  ///< the slot holds a pointer to it
};

struct RuntimeType {
  Addr address = 0;  ///< of the descriptor
  TypeKind kind = TypeKind::invalid;
  std::uint64_t size = 0;          ///< bytes of a value
  std::uint64_t pointerBytes = 0;  ///< of the prefix that holds pointers
  bool named = false;
  bool directInterface = false;      ///< an interface's data word is the value itself
  std::string name;                  ///< as %T prints it: "*http.Transport", "map[string]int"
  std::string package;               ///< import path of a named type, else empty
  Addr element = 0;                  ///< of array, channel, map, pointer, slice
  Addr key = 0;                      ///< of a map
  std::uint64_t length = 0;          ///< of an array
  MapShape map;                      ///< of a map
  std::vector<RuntimeField> fields;  ///< of a struct

  const RuntimeField* field(std::string_view fieldName) const;
};

class RuntimeTypes {
 public:
  /// All three must outlive the object. Nothing is read before it is asked for.
  RuntimeTypes(target::AddressSpace& memory, LayoutSource& layouts, const ModuleList& modules);
  ~RuntimeTypes();

  /// The type at `descriptor`, decoded once; the pointer stays valid. nullptr if the address lies
  /// outside of the modules' types or the descriptor is damaged, as it is taken to be once names
  /// and fields of all types have become absurdly many.
  const RuntimeType* at(Addr descriptor);
  bool inModules(Addr descriptor) const;

  /// The name with the whole import path: "net/http.Transport", "*net/http.Transport"; of a type
  /// that is neither named nor a pointer to one, as %T prints it.
  std::string fullName(const RuntimeType& type);
  /// The type of that full name, 0 if the program has none: only types are found that have a
  /// descriptor, and whose pointer type or themselves are listed by the linker.
  Addr find(std::string_view fullName);

  /// Names of the type's methods, those of its package too; empty if it has none. The names are
  /// there also where the linker left the code out.
  std::vector<std::string> methodNames(const RuntimeType& type) const;

  /// What the first word of an interface value with methods points to.
  struct Itab {
    Addr address = 0;
    Addr interface = 0, type = 0;  ///< descriptors of the interface and of the concrete type
  };
  /// The itab at the address; its type is 0 if it is none.
  Itab itabAt(Addr address) const;
  /// All that the linker made. The few that the program made as it ran are not among them.
  std::vector<Itab> itabs() const;

 private:
  std::unique_ptr<RuntimeType> decode(Addr descriptor);
  bool decodeName(const Module& module, const Object& object, RuntimeType& type);
  bool decodeFields(Addr descriptor, RuntimeType& type);
  bool decodeMap(Addr descriptor, RuntimeType& type) const;
  std::string packageOf(const Module& module, Addr descriptor, TypeKind kind) const;
  const Module* moduleOf(Addr descriptor) const;
  /// Bytes from a descriptor to the next one; 0 if it is damaged. As Type.DescriptorSize.
  std::uint64_t descriptorSize(Addr descriptor) const;
  std::vector<Addr> linked(const Module& module) const;
  void indexNames();
  /// Takes what is kept of a type from what all may have; false once it is used up.
  bool spend(std::size_t bytes);

  target::AddressSpace& memory_;
  const ModuleList& modules_;
  std::unique_ptr<DescriptorLayout> layout_;
  std::unordered_map<Addr, std::unique_ptr<RuntimeType>> known_;
  std::unordered_map<std::string, std::vector<Addr>> byName_;  // by what %T prints
  bool indexed_ = false;
  std::size_t bytesLeft_ = 256 << 20;
};

}  // namespace parked::image
