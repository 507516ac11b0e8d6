#include "image/descriptor_layout.h"

#include <string>
#include <vector>

#include "image/runtime_types.h"

namespace parked::image {

DescriptorLayout::DescriptorLayout(LayoutSource& layouts) {
  std::vector<std::string> missing;
  const bool moved = layouts.find("internal/abi.Type") != nullptr;
  const auto pick = [moved](const char* now, const char* before) { return moved ? now : before; };
  Binder type(layouts, pick("internal/abi.Type", "runtime._type"), missing);
  size = type.size();
  type.required(typeSize, "Size_", "size");
  type.required(pointerBytes, "PtrBytes", "ptrdata");
  type.required(flags, "TFlag", "tflag");
  type.required(kind, "Kind_", "kind");
  type.required(name, "Str", "str");
  if (!missing.empty()) size = 0;

  kindSize.fill(size);
  const auto sizeOf = [this](TypeKind k) -> std::uint32_t& {
    return kindSize[static_cast<std::size_t>(k)];
  };
  Binder array(layouts, pick("internal/abi.ArrayType", "runtime.arraytype"), missing);
  sizeOf(TypeKind::array) = array.size();
  arrayElement = array.offsetOf(pick("Elem", "elem"), false);
  arrayLength = array.offsetOf(pick("Len", "len"), false);
  Binder channel(layouts, pick("internal/abi.ChanType", "runtime.chantype"), missing);
  sizeOf(TypeKind::channel) = channel.size();
  channelElement = channel.offsetOf(pick("Elem", "elem"), false);
  Binder pointer(layouts, pick("internal/abi.PtrType", "runtime.ptrtype"), missing);
  sizeOf(TypeKind::pointer) = pointer.size();
  pointerElement = pointer.offsetOf(pick("Elem", "elem"), false);
  Binder slice(layouts, pick("internal/abi.SliceType", "runtime.slicetype"), missing);
  sizeOf(TypeKind::slice) = slice.size();
  sliceElement = slice.offsetOf(pick("Elem", "elem"), false);
  Binder structure(layouts, pick("internal/abi.StructType", "runtime.structtype"), missing);
  sizeOf(TypeKind::structure) = structure.size();
  structFields = structure.offsetOf(pick("Fields", "fields"), false);
  Binder interface(layouts, pick("internal/abi.InterfaceType", "runtime.interfacetype"), missing);
  sizeOf(TypeKind::interface) = interface.size();
  interfaceMethods = interface.offsetOf(pick("Methods", "mhdr"), false);
  interfaceMethodSize =
      Binder(layouts, pick("internal/abi.Imethod", "runtime.imethod"), missing).size();
  Binder function(layouts, pick("internal/abi.FuncType", "runtime.functype"), missing);
  sizeOf(TypeKind::function) = function.size();
  functionIns = function.offsetOf(pick("InCount", "inCount"), false);
  functionOuts = function.offsetOf(pick("OutCount", "outCount"), false);

  Binder field(layouts, pick("internal/abi.StructField", "runtime.structfield"), missing);
  fieldSize = field.size();
  fieldName = field.offsetOf(pick("Name", "name"), false);
  fieldType = field.offsetOf(pick("Typ", "typ"), false);
  fieldOffset = field.offsetOf(pick("Offset", "offset"), false);
  if (fieldOffset == kAbsent) {
    fieldOffset = field.offsetOf("offsetAnon", false);
    fieldOffsetShifted = true;
  }
  Binder uncommon(layouts, pick("internal/abi.UncommonType", "runtime.uncommontype"), missing);
  uncommonSize = uncommon.size();
  uncommon.optional(package, "PkgPath", "pkgpath");
  uncommon.optional(methods, "Mcount", "mcount");
  methodSize = Binder(layouts, pick("internal/abi.Method", "runtime.method"), missing).size();

  Binder itab(layouts,
              layouts.find("internal/abi.ITab") != nullptr ? "internal/abi.ITab" : "runtime.itab",
              missing);
  itabSize = itab.size();
  itab.optional(itabType, "Type", "_type");
  itab.optional(itabInterface, "Inter", "inter");
  bindMaps(layouts, moved);
}

void DescriptorLayout::bindMaps(LayoutSource& layouts, bool moved) {
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
