#include "image/descriptor_layout.h"

#include <string>
#include <vector>

#include "image/runtime_types.h"

namespace parked::image {

namespace {

/// A struct of internal/abi since 1.21, of package runtime before; its fields have changed names
/// with that.
class Described {
 public:
  Described(LayoutSource& layouts, bool moved, const char* now, const char* before)
      : moved_(moved), binder_(layouts, moved ? now : before, missing_) {}
  Described(LayoutSource& layouts, bool moved, const char* now, const char* before,
            std::uint32_t& size)
      : Described(layouts, moved, now, before) {
    size = binder_.size();
  }
  Described(const Described&) = delete;
  Described& operator=(const Described&) = delete;

  std::uint32_t size() const { return binder_.size(); }
  std::uint32_t offsetOf(const char* now, const char* before) {
    return binder_.offsetOf(moved_ ? now : before, false);
  }
  Binder& binder() { return binder_; }

 private:
  std::vector<std::string> missing_;
  bool moved_;
  Binder binder_;
};

}  // namespace

TypeLayout::TypeLayout(LayoutSource& layouts)
    : moved(layouts.find("internal/abi.Type") != nullptr) {
  std::vector<std::string> missing;
  Binder type(layouts, moved ? "internal/abi.Type" : "runtime._type", missing);
  size = type.size();
  type.optional(typeSize, "Size_", "size");
  type.optional(pointerBytes, "PtrBytes", "ptrdata");
  type.optional(flags, "TFlag", "tflag");
  type.optional(kind, "Kind_", "kind");
  type.optional(name, "Str", "str");
  type.optional(gcData, "GCData", "gcdata");
}

DescriptorLayout::DescriptorLayout(LayoutSource& layouts)
    : TypeLayout(layouts), itab(ItabLayout::of(layouts)) {
  if (!typeSize || !pointerBytes || !flags || !kind || !name) size = 0;
  bindKinds(layouts);
  bindMembers(layouts);
  bindMaps(layouts);
}

/// What follows the common part, kind by kind.
void DescriptorLayout::bindKinds(LayoutSource& layouts) {
  kindSize.fill(size);
  const auto of = [&](TypeKind its, const char* now, const char* before) {
    return Described(layouts, moved, now, before, kindSize[static_cast<std::size_t>(its)]);
  };
  Described array = of(TypeKind::array, "internal/abi.ArrayType", "runtime.arraytype");
  arrayElement = array.offsetOf("Elem", "elem");
  arrayLength = array.offsetOf("Len", "len");
  channelElement =
      of(TypeKind::channel, "internal/abi.ChanType", "runtime.chantype").offsetOf("Elem", "elem");
  pointerElement =
      of(TypeKind::pointer, "internal/abi.PtrType", "runtime.ptrtype").offsetOf("Elem", "elem");
  sliceElement =
      of(TypeKind::slice, "internal/abi.SliceType", "runtime.slicetype").offsetOf("Elem", "elem");
  structFields = of(TypeKind::structure, "internal/abi.StructType", "runtime.structtype")
                     .offsetOf("Fields", "fields");
  interfaceMethods = of(TypeKind::interface, "internal/abi.InterfaceType", "runtime.interfacetype")
                         .offsetOf("Methods", "mhdr");
  Described function = of(TypeKind::function, "internal/abi.FuncType", "runtime.functype");
  functionIns = function.offsetOf("InCount", "inCount");
  functionOuts = function.offsetOf("OutCount", "outCount");
}

/// The parts of which structs, interfaces and named types have several.
void DescriptorLayout::bindMembers(LayoutSource& layouts) {
  interfaceMethodSize = Described(layouts, moved, "internal/abi.Imethod", "runtime.imethod").size();
  Described field(layouts, moved, "internal/abi.StructField", "runtime.structfield");
  fieldSize = field.size();
  fieldName = field.offsetOf("Name", "name");
  fieldType = field.offsetOf("Typ", "typ");
  fieldOffset = field.offsetOf("Offset", "offset");
  if (fieldOffset == kAbsent) {
    fieldOffset = field.offsetOf("offsetAnon", "offsetAnon");
    fieldOffsetShifted = true;
  }
  Described uncommon(layouts, moved, "internal/abi.UncommonType", "runtime.uncommontype");
  uncommonSize = uncommon.size();
  uncommon.binder().optional(package, "PkgPath", "pkgpath");
  uncommon.binder().optional(methods, "Mcount", "mcount");
  uncommon.binder().optional(methodsOffset, "Moff", "moff");
  Described method(layouts, moved, "internal/abi.Method", "runtime.method");
  methodSize = method.size();
  methodName = method.offsetOf("Name", "name");
}

void DescriptorLayout::bindMaps(LayoutSource& layouts) {
  std::vector<std::string> missing;
  const char* typeName = "runtime.maptype";
  if (moved) {
    // 1.24 and 1.25 have both forms' types under names of their own.
    typeName = layouts.find("internal/abi.SwissMapType") != nullptr &&
                       layouts.find("internal/runtime/maps.Map") != nullptr
                   ? "internal/abi.SwissMapType"
               : layouts.find("internal/abi.OldMapType") != nullptr ? "internal/abi.OldMapType"
                                                                    : "internal/abi.MapType";
  }
  Binder map(layouts, typeName, missing);
  mapSize = map.size();
  kindSize[static_cast<std::size_t>(TypeKind::map)] = mapSize;
  map.optional(mapKey, "Key", "key");
  map.optional(mapElement, "Elem", "elem");
  map.optional(keySize, "KeySize", "keysize");
  map.optional(elementSize, "ValueSize", "elemsize");
  map.optional(bucketSize, "BucketSize", "bucketsize");
  map.optional(mapFlags, "Flags", "flags");
  map.optional(groupSize, "GroupSize");
  map.optional(slotSize, "SlotSize");
  map.optional(elementOffset, "ElemOff");
  map.optional(keysOffset, "KeysOff");
  map.optional(keyStride, "KeyStride");
  map.optional(elementsOffset, "ElemsOff");
  map.optional(elementStride, "ElemStride");
  swiss = groupSize.exists();
  // internal/runtime/maps/group.go: a group begins with its control word.
  groupSlots = sizeof(std::uint64_t);
}

}  // namespace parked::image
