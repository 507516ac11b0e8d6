#include "image/runtime_types.h"

#include <algorithm>
#include <cstring>

#include "image/descriptor_layout.h"
#include "image/type_name.h"

namespace parked::image {

namespace {

constexpr std::uint8_t kKindMask = 31;
constexpr std::uint8_t kKindDirectInterface = 1 << 5;  // up to 1.25
// abi.TFlag
constexpr std::uint8_t kFlagUncommon = 1, kFlagNamed = 4;
constexpr std::uint8_t kFlagDirectInterface = 1 << 5;  // since 1.26
constexpr std::uint64_t kMaxFields = 1 << 16;
constexpr std::uint64_t kMaxTypes = 1 << 22;      // of a module
constexpr std::size_t kMaxMethodBytes = 1 << 20;  // of the names of one type
constexpr int kMaxPointers = 8;                   // "****T": deeper is not followed for a name

}  // namespace

RuntimeTypes::RuntimeTypes(target::AddressSpace& memory, LayoutSource& layouts,
                           const ModuleList& modules)
    : memory_(memory), modules_(modules), layout_(std::make_unique<DescriptorLayout>(layouts)) {}
RuntimeTypes::~RuntimeTypes() = default;

const RuntimeField* RuntimeType::field(std::string_view fieldName) const {
  const auto at = std::ranges::find(fields, fieldName, &RuntimeField::name);
  return at == fields.end() ? nullptr : &*at;
}

const Module* RuntimeTypes::moduleOf(Addr descriptor) const {
  for (const Module& module : modules_) {
    if (descriptor >= module.types && descriptor < module.typesEnd) return &module;
  }
  return nullptr;
}

bool RuntimeTypes::inModules(Addr descriptor) const { return moduleOf(descriptor) != nullptr; }

const RuntimeType* RuntimeTypes::at(Addr descriptor) {
  if (!inModules(descriptor)) return nullptr;  // any word may be asked about: not remembered
  const auto [it, isNew] = known_.try_emplace(descriptor);
  if (isNew) it->second = decode(descriptor);
  return it->second.get();
}

std::unique_ptr<RuntimeType> RuntimeTypes::decode(Addr descriptor) {
  const Module* module = moduleOf(descriptor);
  if (module == nullptr || descriptor % kWord != 0 || layout_->size == 0) return nullptr;
  const Object object = readObject(memory_, descriptor, layout_->size);
  if (!object) return nullptr;
  const DescriptorLayout& layout = *layout_;
  if (!spend(sizeof(RuntimeType))) return nullptr;
  auto type = std::make_unique<RuntimeType>();
  type->address = descriptor;
  const std::uint8_t kind = object[layout.kind];
  if ((kind & kKindMask) == 0 ||
      (kind & kKindMask) > static_cast<std::uint8_t>(TypeKind::unsafePointer)) {
    return nullptr;
  }
  type->kind = static_cast<TypeKind>(kind & kKindMask);
  type->size = object[layout.typeSize];
  type->pointerBytes = object[layout.pointerBytes];
  if (type->pointerBytes > type->size) return nullptr;
  const std::uint8_t flags = object[layout.flags];
  type->named = (flags & kFlagNamed) != 0;
  type->directInterface = (kind & kKindDirectInterface) != 0 || (flags & kFlagDirectInterface) != 0;
  if (!decodeName(*module, object, *type)) return nullptr;
  if (type->named && (flags & kFlagUncommon) != 0) {
    type->package = packageOf(*module, descriptor, type->kind);
    if (!spend(type->package.size())) return nullptr;
  }
  const auto word = [&](std::uint32_t offset) {
    Addr value = 0;
    if (offset != kAbsent) memory_.read(descriptor + offset, value);
    return value;
  };
  switch (type->kind) {
    case TypeKind::array:
      type->element = word(layout.arrayElement);
      type->length = word(layout.arrayLength);
      break;
    case TypeKind::channel:
      type->element = word(layout.channelElement);
      break;
    case TypeKind::pointer:
      type->element = word(layout.pointerElement);
      break;
    case TypeKind::slice:
      type->element = word(layout.sliceElement);
      break;
    case TypeKind::map:
      if (!decodeMap(descriptor, *type)) return nullptr;
      break;
    case TypeKind::structure:
      if (!decodeFields(descriptor, *type)) return nullptr;
      break;
    default:
      break;
  }
  return type;
}

// Damaged descriptors may overlap, each with the same names of some KB: what is kept of them would
// be a thousand times what they take in the target.
bool RuntimeTypes::spend(std::size_t bytes) {
  const bool enough = bytes <= bytesLeft_;
  bytesLeft_ -= std::min(bytes, bytesLeft_);
  return enough;
}

bool RuntimeTypes::decodeName(const Module& module, const Object& object, RuntimeType& type) {
  if (bytesLeft_ == 0) return false;
  type.name = readTypeName(memory_, module, object[layout_->name]);
  if (type.name.empty() || !spend(type.name.size())) return false;
  dropExtraStar(type.name, object[layout_->flags]);
  return true;
}

std::string RuntimeTypes::packageOf(const Module& module, Addr descriptor, TypeKind kind) const {
  const Object uncommon =
      readObject(memory_, descriptor + layout_->kindSize[static_cast<std::size_t>(kind)],
                 layout_->uncommonSize);
  return readTypeName(memory_, module, uncommon[layout_->package]);
}

bool RuntimeTypes::decodeFields(Addr descriptor, RuntimeType& type) {
  const DescriptorLayout& layout = *layout_;
  Addr fields = 0;
  std::uint64_t count = 0;
  if (layout.structFields == kAbsent || layout.fieldSize == 0 || layout.fieldName == kAbsent ||
      layout.fieldType == kAbsent || layout.fieldOffset == kAbsent ||
      !memory_.read(descriptor + layout.structFields, fields) ||
      !memory_.read(descriptor + layout.structFields + kWord, count) || count > kMaxFields ||
      !spend(count * sizeof(RuntimeField))) {
    return false;
  }
  type.fields.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Addr at = fields + i * layout.fieldSize;
    Addr name = 0;
    RuntimeField field;
    if (!memory_.read(at + layout.fieldName, name) ||
        !memory_.read(at + layout.fieldType, field.type) ||
        !memory_.read(at + layout.fieldOffset, field.offset)) {
      return false;
    }
    field.name = readTypeName(memory_, name);
    if (field.name.empty() || !spend(field.name.size())) return false;
    if (layout.fieldOffsetShifted) field.offset >>= 1;
    if (field.offset > type.size) return false;
    type.fields.push_back(std::move(field));
  }
  return true;
}

bool RuntimeTypes::decodeMap(Addr descriptor, RuntimeType& type) const {
  const DescriptorLayout& layout = *layout_;
  const Object object = readObject(memory_, descriptor, layout.mapSize);
  if (!object || !layout.mapKey || !layout.mapElement || !layout.mapFlags) return false;
  type.key = object[layout.mapKey];
  type.element = object[layout.mapElement];
  MapShape& map = type.map;
  map.swiss = layout.swiss;
  // abi.OldMapIndirectKey and OldMapIndirectElem, abi.SwissMapIndirectKey and SwissMapIndirectElem.
  const std::uint32_t flags = object[layout.mapFlags];
  if (!map.swiss) {
    // A bucket: eight bytes of hashes, eight keys, eight elements, the next bucket.
    map.groupSize = object[layout.bucketSize];
    map.keyOffset = kWord;
    map.keyStride = object[layout.keySize];
    map.elementOffset = kWord + 8 * map.keyStride;
    map.elementStride = object[layout.elementSize];
    map.indirectKey = (flags & 1) != 0;
    map.indirectElement = (flags & 2) != 0;
  } else {
    map.groupSize = object[layout.groupSize];
    map.indirectKey = (flags & 4) != 0;
    map.indirectElement = (flags & 8) != 0;
    if (layout.keysOffset) {  // since 1.27
      map.keyOffset = object[layout.keysOffset];
      map.keyStride = object[layout.keyStride];
      map.elementOffset = object[layout.elementsOffset];
      map.elementStride = object[layout.elementStride];
    } else {
      map.keyOffset = layout.groupSlots;
      map.keyStride = map.elementStride = object[layout.slotSize];
      map.elementOffset = layout.groupSlots + object[layout.elementOffset];
    }
  }
  constexpr std::uint64_t kMaxGroup = 1 << 16;  // keys and elements are at most 128 bytes each
  const auto fits = [&map](std::uint64_t offset, std::uint64_t stride) {
    return offset <= map.groupSize && stride <= (map.groupSize - offset) / 7;
  };
  return map.groupSize >= kWord && map.groupSize <= kMaxGroup &&
         fits(map.keyOffset, map.keyStride) && fits(map.elementOffset, map.elementStride);
}

std::string RuntimeTypes::fullName(const RuntimeType& type) {
  std::string stars;
  const RuntimeType* base = &type;
  for (int i = 0; i < kMaxPointers && base->kind == TypeKind::pointer && !base->named; ++i) {
    const RuntimeType* next = at(base->element);
    if (next == nullptr) return type.name;
    stars += '*';
    base = next;
  }
  if (base->package.empty()) return stars + base->name;
  const auto dot = base->name.find('.');
  const auto bracket = base->name.find('[');
  if (dot == std::string::npos || dot > bracket) return stars + base->name;
  return stars + base->package + base->name.substr(dot);
}

Addr RuntimeTypes::find(std::string_view wanted) {
  indexNames();
  // What %T prints has the last element of the path only: "net/http.Transport" is "http.Transport".
  const auto stars = wanted.find_first_not_of('*');
  if (stars == std::string_view::npos) return 0;
  const std::string_view bare = wanted.substr(stars);
  const auto slash = bare.substr(0, bare.find('[')).rfind('/');
  const std::string shortName(slash == std::string_view::npos ? bare : bare.substr(slash + 1));
  const auto found = byName_.find(std::string(stars, '*') + shortName);
  if (found == byName_.end()) return 0;
  for (const Addr address : found->second) {
    const RuntimeType* type = at(address);
    if (type != nullptr && fullName(*type) == wanted) return address;
  }
  return 0;
}

std::vector<std::string> RuntimeTypes::methodNames(const RuntimeType& type) const {
  const DescriptorLayout& layout = *layout_;
  const Module* module = moduleOf(type.address);
  const Object object = readObject(memory_, type.address, layout.size);
  std::vector<std::string> names;
  if (module == nullptr || !object || (object[layout.flags] & kFlagUncommon) == 0 ||
      !layout.methodsOffset || layout.methodName == kAbsent) {
    return names;
  }
  const Addr at = type.address + layout.kindSize[static_cast<std::size_t>(type.kind)];
  const Object uncommon = readObject(memory_, at, layout.uncommonSize);
  if (!uncommon) return names;
  const std::uint16_t count = uncommon[layout.methods];
  const Addr first = at + uncommon[layout.methodsOffset];
  std::size_t bytes = 0;
  for (std::uint16_t i = 0; i < count && bytes < kMaxMethodBytes; ++i) {
    std::int32_t name = 0;
    if (!memory_.read(first + i * layout.methodSize + layout.methodName, name)) break;
    names.push_back(readTypeName(memory_, *module, name));
    bytes += names.back().size();
  }
  return names;
}

std::uint64_t RuntimeTypes::descriptorSize(Addr descriptor) const {
  const DescriptorLayout& layout = *layout_;
  const Object object = readObject(memory_, descriptor, layout.size);
  if (!object) return 0;
  const std::uint8_t kind = object[layout.kind] & kKindMask;
  if (kind == 0 || kind > static_cast<std::uint8_t>(TypeKind::unsafePointer)) return 0;
  std::uint64_t size = layout.kindSize[kind];
  if (size == 0) return 0;
  bool damaged = false;
  const auto count = [&](std::uint32_t offset) {  // of a slice
    std::uint64_t value = 0;
    damaged = offset == kAbsent || !memory_.read(descriptor + offset + kWord, value) ||
              value > kMaxFields;
    return value;
  };
  std::uint64_t methods = 0;
  if ((object[layout.flags] & kFlagUncommon) != 0) {
    const Object uncommon = readObject(memory_, descriptor + size, layout.uncommonSize);
    if (!uncommon) return 0;
    methods = uncommon[layout.methods];
    size += layout.uncommonSize;
  }
  std::uint64_t more = 0;
  switch (static_cast<TypeKind>(kind)) {
    case TypeKind::structure:
      more = count(layout.structFields) * layout.fieldSize;
      break;
    case TypeKind::interface:
      more = count(layout.interfaceMethods) * layout.interfaceMethodSize;
      break;
    case TypeKind::function: {
      std::uint16_t ins = 0, outs = 0;
      if (layout.functionIns == kAbsent || layout.functionOuts == kAbsent ||
          !memory_.read(descriptor + layout.functionIns, ins) ||
          !memory_.read(descriptor + layout.functionOuts, outs)) {
        return 0;
      }
      more = (std::uint64_t{ins} + (outs & 0x7fffU)) * kWord;  // the top bit: variadic
      break;
    }
    default:
      break;
  }
  return damaged ? 0 : size + more + methods * layout.methodSize;
}

/// The types the linker lists: those of typelinks, or since 1.27 all that have a descriptor.
std::vector<Addr> RuntimeTypes::linked(const Module& module) const {
  std::vector<Addr> types;
  if (module.typeLinks != 0) {
    const std::uint64_t count = std::min(module.typeLinkCount, kMaxTypes);
    const auto bytes = memory_.bytes(module.typeLinks, count * sizeof(std::int32_t));
    for (std::size_t at = 0; at + sizeof(std::int32_t) <= bytes.size();
         at += sizeof(std::int32_t)) {
      std::int32_t offset = 0;
      std::memcpy(&offset, bytes.data() + at, sizeof offset);
      if (offset > 0) types.push_back(module.types + static_cast<std::uint32_t>(offset));
    }
    return types;
  }
  const Addr end = module.types + module.typeDescriptorBytes;
  if (module.typeDescriptorBytes == 0 || end > module.typesEnd) return types;
  // As moduleTypelinks of runtime/type.go: the first word is never a type.
  for (Addr at = module.types + kWord; at < end && types.size() < kMaxTypes;) {
    const std::uint64_t size = descriptorSize(at);
    if (size == 0) break;
    types.push_back(at);
    at = (at + size + kWord - 1) / kWord * kWord;
  }
  return types;
}

void RuntimeTypes::indexNames() {
  if (indexed_) return;
  indexed_ = true;
  for (const Module& module : modules_) {
    for (const Addr address : linked(module)) {
      const Object object = readObject(memory_, address, layout_->size);
      RuntimeType type;
      if (!object || !decodeName(module, object, type)) continue;
      const auto kind = object[layout_->kind] & kKindMask;
      if (kind == static_cast<int>(TypeKind::pointer) && type.name.starts_with('*')) {
        Addr element = 0;
        if (layout_->pointerElement != kAbsent &&
            memory_.read(address + layout_->pointerElement, element) && element != 0) {
          byName_[type.name.substr(1)].push_back(element);
        }
      }
      byName_[std::move(type.name)].push_back(address);
    }
  }
}

RuntimeTypes::Itab RuntimeTypes::itabAt(Addr address) const {
  const Object object = readObject(memory_, address, layout_->itab.size);
  if (!object || !layout_->itab.type || !layout_->itab.interface) return {};
  const Itab itab{address, object[layout_->itab.interface], object[layout_->itab.type]};
  return inModules(itab.type) && inModules(itab.interface) ? itab : Itab{};
}

std::vector<RuntimeTypes::Itab> RuntimeTypes::itabs() const {
  std::vector<Itab> all;
  for (const Module& module : modules_) {
    if (module.itabLinks != 0) {
      const std::uint64_t count = std::min(module.itabLinkCount, kMaxTypes);
      const auto bytes = memory_.bytes(module.itabLinks, count * kWord);
      for (std::size_t at = 0; at + kWord <= bytes.size(); at += kWord) {
        Addr address = 0;
        std::memcpy(&address, bytes.data() + at, kWord);
        if (const Itab itab = itabAt(address); itab.type != 0) all.push_back(itab);
      }
      continue;
    }
    // Since 1.27 one after another, each as long as its interface has methods (runtime/iface.go,
    // addModuleItabs).
    Addr at = module.types + module.itabOffset;
    const Addr end = at + std::min(module.itabBytes, kMaxTypes * kWord);
    while (at < end) {
      const Itab itab = itabAt(at);
      Addr first = 0;
      std::uint64_t methods = 0;
      if (itab.type == 0 || layout_->interfaceMethods == kAbsent ||
          !memory_.read(itab.interface + layout_->interfaceMethods + kWord, methods) ||
          methods == 0 || methods > kMaxFields ||
          !memory_.read(at + layout_->itab.size - kWord, first)) {
        break;
      }
      all.push_back(itab);
      at += layout_->itab.size + (first != 0 ? (methods - 1) * kWord : 0);
    }
  }
  return all;
}

}  // namespace parked::image
