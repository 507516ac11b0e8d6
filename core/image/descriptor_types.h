// Types by the target's own descriptors: what a way can be told in when there is no DWARF.
#pragma once

#include <array>

#include "image/layout.h"
#include "image/runtime_types.h"
#include "image/type_source.h"

namespace parked::image {

/// A TypeRef is the address of a descriptor, as linked, with what of a map or channel is meant in
/// its lowest bits. (Descriptors are aligned to words.) Variables have no descriptors.
class DescriptorTypes final : public TypeSource {
 public:
  /// Both must outlive the object. `bias` is what the executable was loaded at above where it was
  /// linked.
  DescriptorTypes(RuntimeTypes& types, LayoutSource& layouts, std::uint64_t bias);

  TypeRef variable(std::string_view name) override;
  TypeRef described(Addr descriptor, Addr types) override;
  TypeRef channelOf(TypeRef element) override;
  std::string name(TypeRef type) const override;
  std::uint64_t size(TypeRef type) const override;
  bool isPointer(TypeRef type) const override;
  TypeRef pointee(TypeRef type) const override;
  TypedWord word(TypeRef type, std::uint64_t offset) const override;
  std::string pathTo(std::string_view package, TypeRef type, std::uint64_t offset) const override;

 private:
  enum class Part : std::uint8_t {
    value = 0,         ///< the type itself
    channel = 1,       ///< runtime.hchan; the descriptor is the element's
    header = 2,        ///< of a map: hmap, or maps.Map since 1.24
    group = 3,         ///< of a map: eight entries (a bucket, or a group)
    table = 4,         ///< of a map since 1.24
    tablePointer = 5,  ///< to a table
  };
  /// By the lowest bits of a reference, of which the last two are never used.
  static constexpr std::array<Part, 8> kParts{Part::value, Part::channel, Part::header,
                                              Part::group, Part::table,   Part::tablePointer,
                                              Part::value, Part::value};
  static TypeRef ref(Addr descriptor, Part part);
  static Part partOf(TypeRef type) { return kParts[type & 7]; }
  const RuntimeType* at(TypeRef type) const;
  const StructLayout* layoutOf(TypeRef type) const;
  TypedWord find(TypeRef type, std::uint64_t offset, std::string_view stop) const;
  const RuntimeField* fieldAt(const RuntimeType& structure, std::uint64_t offset) const;
  TypedWord valueWord(TypeRef type, const RuntimeType& descriptor, std::uint64_t offset) const;
  TypedWord partWord(TypeRef type, std::uint64_t offset) const;
  TypedWord entryWord(TypeRef type, std::uint64_t offset) const;

  RuntimeTypes& types_;
  LayoutSource& layouts_;
  std::uint64_t bias_;
};

}  // namespace parked::image
