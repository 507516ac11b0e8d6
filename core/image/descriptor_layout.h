// Where things are in a type descriptor. Mirrors internal/abi/type.go and internal/abi/map*.go
// (runtime/type.go before 1.21), Go 1.18 to 1.27.
#pragma once

#include <array>
#include <cstdint>

#include "image/itab_layout.h"
#include "image/layout.h"

namespace parked::image {

/// What every descriptor begins with. Fields that do not exist are those that the target's version
/// does not have.
struct TypeLayout {
  bool moved = false;  ///< from package runtime to internal/abi: since 1.21
  std::uint32_t size = 0;
  Field<std::uint64_t> typeSize, pointerBytes;
  Field<std::uint8_t> flags, kind;
  Field<std::int32_t> name;
  Field<Addr> gcData;

  explicit TypeLayout(LayoutSource& layouts);
};

/// The fields of the target's type descriptors, of its map types and of runtime.itab. Sizes and
/// offsets in bytes; kAbsent, or a field that does not exist, where the target's version has none.
/// The size is 0 where descriptors cannot be decoded.
struct DescriptorLayout : TypeLayout {
  static constexpr std::uint32_t kAbsent = Field<Addr>::kAbsent;

  /// Sizes of the structs that descriptors of a kind begin with, and where they say what.
  std::array<std::uint32_t, 32> kindSize{};
  std::uint32_t arrayElement = kAbsent, arrayLength = kAbsent, channelElement = kAbsent;
  std::uint32_t pointerElement = kAbsent, sliceElement = kAbsent, structFields = kAbsent;
  std::uint32_t interfaceMethods = kAbsent, interfaceMethodSize = 0, methodSize = 0;
  std::uint32_t functionIns = kAbsent, functionOuts = kAbsent;
  std::uint32_t fieldSize = 0, fieldName = kAbsent, fieldType = kAbsent, fieldOffset = kAbsent;
  bool fieldOffsetShifted = false;  ///< 1.18: the offset times two, plus one if embedded
  std::uint32_t uncommonSize = 0;
  Field<std::int32_t> package;
  Field<std::uint16_t> methods;
  Field<std::uint32_t> methodsOffset;  ///< from the uncommon type to its methods
  std::uint32_t methodName = kAbsent;
  // Maps.
  bool swiss = false;
  std::uint32_t mapSize = 0;
  Field<Addr> mapKey, mapElement;
  Field<std::uint8_t> keySize, elementSize;
  Field<std::uint16_t> bucketSize;
  Field<std::uint32_t> mapFlags;
  Field<std::uint64_t> groupSize, slotSize, keysOffset, keyStride, elementsOffset, elementStride,
      elementOffset;
  std::uint32_t groupSlots = kAbsent;  ///< offset of the first slot in a group, behind ctrl
  ItabLayout itab;

  explicit DescriptorLayout(LayoutSource& layouts);

 private:
  void bindKinds(LayoutSource& layouts);
  void bindMembers(LayoutSource& layouts);
  void bindMaps(LayoutSource& layouts);
};

}  // namespace parked::image
