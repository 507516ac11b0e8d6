#include "image/descriptor_types.h"

#include <fmt/format.h>
#include <utility>

namespace parked::image {

namespace {

constexpr std::uint64_t kGroupSlots = 8;
constexpr int kMaxDescriptorDepth = 64;  // damaged descriptors may be cyclic

/// The field of a runtime's struct that covers `offset`, with those of the structs in it: ".groups"
/// and ".data". Empty if there is none.
std::string fieldPath(LayoutSource& layouts, const StructLayout* layout, std::uint64_t offset) {
  std::string path;
  for (int depth = 0; layout != nullptr && depth < kMaxDescriptorDepth; ++depth) {
    const FieldLayout* found = nullptr;
    for (const FieldLayout& field : layout->fields) {
      if (offset >= field.offset && offset - field.offset < field.size) found = &field;
    }
    if (found == nullptr) break;
    path += fmt::format(".{}", found->name);
    offset -= found->offset;
    layout = layouts.find(found->type);
  }
  return path;
}

}  // namespace

DescriptorTypes::DescriptorTypes(RuntimeTypes& types, LayoutSource& layouts, std::uint64_t bias)
    : types_(types), layouts_(layouts), bias_(bias) {}

TypeRef DescriptorTypes::ref(Addr descriptor, Part part) {
  return descriptor == 0 || descriptor % kWord != 0 ? 0 : descriptor | static_cast<TypeRef>(part);
}

const RuntimeType* DescriptorTypes::at(TypeRef type) const {
  return type == 0 ? nullptr : types_.at((type & ~TypeRef{7}) + bias_);
}

TypeRef DescriptorTypes::variable(std::string_view /*name*/) { return 0; }

TypeRef DescriptorTypes::described(Addr descriptor, Addr /*types*/) {
  const TypeRef type = ref(descriptor, Part::value);
  return at(type) != nullptr ? type : 0;
}

TypeRef DescriptorTypes::channelOf(TypeRef element) {
  return partOf(element) == Part::value ? ref(element, Part::channel) : 0;
}

std::string DescriptorTypes::name(TypeRef type) const {
  const RuntimeType* descriptor = at(type);
  if (descriptor == nullptr) return {};
  std::string own = types_.fullName(*descriptor);
  switch (partOf(type)) {
    case Part::value:
      return own;
    case Part::channel:
      return fmt::format("hchan<{}>", own);
    case Part::header:
      return fmt::format("{}<{}>", descriptor->map.swiss ? "map" : "hash", own);
    case Part::group:
      return fmt::format("{}<{}>", descriptor->map.swiss ? "group" : "bucket", own);
    case Part::table:
      return fmt::format("table<{}>", own);
    case Part::tablePointer:
      return fmt::format("*table<{}>", own);
  }
  return {};
}

/// The runtime's struct that a part of a map or a channel is; nullptr for all else.
const StructLayout* DescriptorTypes::layoutOf(TypeRef type) const {
  const RuntimeType* descriptor = at(type);
  if (descriptor == nullptr) return nullptr;
  switch (partOf(type)) {
    case Part::channel:
      return layouts_.find("runtime.hchan");
    case Part::header:
      return layouts_.find(descriptor->map.swiss ? "internal/runtime/maps.Map" : "runtime.hmap");
    case Part::table:
      return layouts_.find("internal/runtime/maps.table");
    default:
      return nullptr;
  }
}

std::uint64_t DescriptorTypes::size(TypeRef type) const {
  const RuntimeType* descriptor = at(type);
  if (descriptor == nullptr) return 0;
  switch (partOf(type)) {
    case Part::value:
      return descriptor->size;
    case Part::group:
      return descriptor->map.groupSize;
    case Part::tablePointer:
      return kWord;
    default: {
      const StructLayout* layout = layoutOf(type);
      return layout != nullptr ? layout->size : 0;
    }
  }
}

bool DescriptorTypes::isPointer(TypeRef type) const {
  const RuntimeType* descriptor = at(type);
  if (descriptor == nullptr) return false;
  if (partOf(type) != Part::value) return partOf(type) == Part::tablePointer;
  switch (descriptor->kind) {
    case TypeKind::pointer:
    case TypeKind::map:
    case TypeKind::channel:
      return true;
    default:
      return false;
  }
}

TypeRef DescriptorTypes::pointee(TypeRef type) const {
  const RuntimeType* descriptor = at(type);
  if (descriptor == nullptr) return 0;
  const Addr own = type & ~TypeRef{7};
  if (partOf(type) == Part::tablePointer) return ref(own, Part::table);
  if (partOf(type) != Part::value) return 0;
  switch (descriptor->kind) {
    case TypeKind::pointer:
      return ref(descriptor->element - bias_, Part::value);
    case TypeKind::map:
      return ref(own, Part::header);
    case TypeKind::channel:
      return ref(descriptor->element - bias_, Part::channel);
    default:
      return 0;
  }
}

TypedWord DescriptorTypes::word(TypeRef type, std::uint64_t offset) const {
  return find(type, offset, {});
}

std::string DescriptorTypes::pathTo(std::string_view package, TypeRef type,
                                    std::uint64_t offset) const {
  return find(type, offset, package).path;
}

/// A word of what the runtime keeps maps and channels in.
TypedWord DescriptorTypes::partWord(TypeRef type, std::uint64_t offset) const {
  const Addr own = type & ~TypeRef{7};
  TypedWord found;
  switch (partOf(type)) {
    case Part::group:
      return entryWord(type, offset);
    case Part::tablePointer:
      found.kind = PointerKind::pointer;
      found.pointee = ref(own, Part::table);
      return found;
    default:
      break;
  }
  found.path = fieldPath(layouts_, layoutOf(type), offset);
  if (found.path == ".buf" && partOf(type) == Part::channel) {
    found.kind = PointerKind::pointer;
    found.element = ref(own, Part::value);
  } else if (found.path == ".buckets" || found.path == ".oldbuckets" ||
             found.path.ends_with("groups.data")) {
    found.kind = PointerKind::pointer;
    found.pointee = ref(own, Part::group);
  } else if (found.path == ".dirPtr") {
    found.kind = PointerKind::pointer;
    found.pointee = ref(own, Part::tablePointer);
  }
  return found;
}

/// A word of eight entries: of a key, of an element, or to the overflow bucket.
TypedWord DescriptorTypes::entryWord(TypeRef type, std::uint64_t offset) const {
  const RuntimeType& descriptor = *at(type);
  const MapShape& map = descriptor.map;
  TypedWord found;
  const auto slot = [&](std::uint64_t first, std::uint64_t stride, Addr inner, bool indirect,
                        std::string_view what) {
    const RuntimeType* content = types_.at(inner);
    if (content == nullptr || stride == 0 || offset < first) return false;
    const std::uint64_t size = indirect ? kWord : content->size;
    const std::uint64_t number = (offset - first) / stride, in = (offset - first) % stride;
    if (number >= kGroupSlots || in >= size) return false;
    const TypeRef contentRef = ref(inner - bias_, Part::value);
    if (indirect) {
      found.kind = PointerKind::pointer;
      found.pointee = contentRef;
    } else {
      found = find(contentRef, in, {});
    }
    found.path = fmt::format(".slots[{}].{}{}", number, what, found.path);
    return true;
  };
  if (slot(map.elementOffset, map.elementStride, descriptor.element, map.indirectElement, "elem") ||
      slot(map.keyOffset, map.keyStride, descriptor.key, map.indirectKey, "key")) {
    return found;
  }
  if (!map.swiss && map.groupSize >= kWord && offset == map.groupSize - kWord) {
    found.kind = PointerKind::pointer;
    found.path = ".overflow";
    found.pointee = type;
  }
  return found;
}

/// The field of a struct that covers the offset; nullptr if there is none.
const RuntimeField* DescriptorTypes::fieldAt(const RuntimeType& structure,
                                             std::uint64_t offset) const {
  const RuntimeField* found = nullptr;
  for (const RuntimeField& field : structure.fields) {
    const RuntimeType* of = types_.at(field.type);
    if (of != nullptr && offset >= field.offset && offset - field.offset < of->size) found = &field;
  }
  return found;
}

/// A word of a value that has no parts with types of their own; its path is empty.
TypedWord DescriptorTypes::valueWord(TypeRef type, const RuntimeType& descriptor,
                                     std::uint64_t offset) const {
  TypedWord found;
  const TypeRef element = ref(descriptor.element - bias_, Part::value);
  switch (descriptor.kind) {
    case TypeKind::interface:
      if (offset == kWord) found.kind = PointerKind::interfaceData;
      break;
    case TypeKind::slice:
      if (offset != 0) break;
      found.kind = PointerKind::slice;
      found.pointee = element;
      break;
    case TypeKind::string:
      found.kind = PointerKind::string;
      break;
    case TypeKind::function:
      found.kind = offset == 0 ? PointerKind::function : PointerKind::unknown;
      break;
    case TypeKind::pointer:
    case TypeKind::map:
    case TypeKind::channel:
      if (offset != 0) break;
      found.kind = descriptor.kind == TypeKind::pointer ? PointerKind::pointer
                   : descriptor.kind == TypeKind::map   ? PointerKind::map
                                                        : PointerKind::channel;
      found.pointee = pointee(type);
      if (descriptor.kind == TypeKind::channel) found.element = element;
      break;
    case TypeKind::unsafePointer:
      found.kind = offset == 0 ? PointerKind::pointer : PointerKind::unknown;
      break;
    default:
      break;
  }
  return found;
}

/// With `stop`, ends at the first struct whose name begins so.
TypedWord DescriptorTypes::find(TypeRef type, std::uint64_t offset, std::string_view stop) const {
  TypedWord found;
  if (type == 0) return found;
  if (partOf(type) != Part::value) return at(type) != nullptr ? partWord(type, offset) : found;
  for (int depth = 0; depth < kMaxDescriptorDepth; ++depth) {
    const RuntimeType* descriptor = at(type);
    if (descriptor == nullptr) return found;
    if (descriptor->kind == TypeKind::structure) {
      if (!stop.empty() && types_.fullName(*descriptor).starts_with(stop)) return found;
      const RuntimeField* member = fieldAt(*descriptor, offset);
      if (member == nullptr) return found;
      found.path += fmt::format(".{}", member->name);
      offset -= member->offset;
      type = ref(member->type - bias_, Part::value);
    } else if (descriptor->kind == TypeKind::array) {
      const TypeRef element = ref(descriptor->element - bias_, Part::value);
      const RuntimeType* of = at(element);
      if (of == nullptr || of->size == 0) return found;
      found.path += fmt::format("[{}]", offset / of->size);
      offset %= of->size;
      type = element;
    } else {
      TypedWord word = valueWord(type, *descriptor, offset);
      word.path = std::move(found.path);
      return word;
    }
  }
  return {};
}

}  // namespace parked::image
