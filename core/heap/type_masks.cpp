#include "heap/type_masks.h"

#include "image/descriptor_layout.h"
#include "image/runtime_types.h"
#include "schema/releases.h"

namespace parked::heap {

namespace {

using image::TypeKind;

// internal/abi/type.go; the same since 1.22.
constexpr std::uint8_t kKindMask = 31;
constexpr std::uint8_t kKindGcProgram = 1 << 6;     // up to 1.23
constexpr std::uint8_t kFlagMaskOnDemand = 1 << 4;  // since 1.24; before, an unrolled GC program
constexpr std::uint64_t kMaxPointerBytes = std::uint64_t{1} << 40;
constexpr int kMaxDepth = 64;
constexpr std::uint64_t kMaxSteps = 1 << 24;  // fields and elements visited for one mask

}  // namespace

TypeMasks::TypeMasks(image::Image& image)
    : memory_(image.target().memory()),
      layout_(std::make_unique<image::DescriptorLayout>(image.layouts())) {
  const image::DescriptorLayout& layout = *layout_;
  // Up to 1.20 nothing in the heap names types.
  usable_ = layout.moved && layout.size != 0 && layout.gcData;
  onDemand_ = schema::makesMasksOnDemand(image.build().version);
  structures_ = usable_ && layout.fieldSize != 0 && !layout.fieldOffsetShifted;
  for (const std::uint32_t offset : {layout.arrayElement, layout.arrayLength, layout.structFields,
                                     layout.fieldType, layout.fieldOffset}) {
    structures_ = structures_ && offset != image::kAbsent;
  }
}

TypeMasks::~TypeMasks() = default;

const TypeMask& TypeMasks::of(Addr type) {
  const auto [it, isNew] = known_.try_emplace(type);
  if (isNew) it->second = read(type);
  return it->second;
}

TypeMask TypeMasks::read(Addr type) {
  TypeMask result;
  if (!usable_ || type % kWord != 0) return result;
  const image::Object descriptor = image::readObject(memory_, type, layout_->size);
  if (!descriptor) return result;
  result.size = descriptor[layout_->typeSize];
  const std::uint64_t pointerBytes = descriptor[layout_->pointerBytes];
  if (result.size == 0 || pointerBytes > result.size || pointerBytes > kMaxPointerBytes ||
      pointerBytes % kWord != 0) {
    return result;
  }
  result.pointerWords = pointerBytes / kWord;
  if (result.pointerWords == 0) {
    result.known = true;
    return result;
  }
  const std::uint64_t maskBytes = (result.pointerWords + 7) / 8;
  Addr data = descriptor[layout_->gcData];
  if (onDemand_ && (descriptor[layout_->flags] & kFlagMaskOnDemand) != 0) {
    // GCData points to where the runtime keeps the mask once it has built it.
    if (!memory_.read(data, data)) return result;
    if (data == 0) {
      auto bits = std::make_unique<std::vector<std::byte>>(maskBytes);
      std::uint64_t budget = kMaxSteps;
      if (!structures_ || !build(type, 0, *bits, 0, budget)) return result;
      result.mask = *bits;
      result.known = true;
      built_.push_back(std::move(bits));
      return result;
    }
  } else if (!onDemand_ && (descriptor[layout_->kind] & kKindGcProgram) != 0) {
    return result;  // the heap never names such a type, but its unrolled stand-in
  }
  result.mask = memory_.bytes(data, maskBytes);
  result.known = !result.mask.empty();
  return result;
}

bool TypeMasks::build(Addr type, std::uint64_t offset, std::vector<std::byte>& bits, int depth,
                      std::uint64_t& budget) {
  if (depth > kMaxDepth || budget == 0) return false;
  --budget;
  const image::Object descriptor = image::readObject(memory_, type, layout_->size);
  if (!descriptor) return false;
  if (descriptor[layout_->pointerBytes] == 0) return true;
  const auto set = [&](std::uint64_t at) {
    const std::uint64_t word = at / kWord;
    if (at % kWord != 0 || word / 8 >= bits.size()) return false;
    bits[word / 8] |= std::byte{1} << (word % 8);
    return true;
  };
  switch (static_cast<TypeKind>(descriptor[layout_->kind] & kKindMask)) {
    case TypeKind::channel:
    case TypeKind::function:
    case TypeKind::map:
    case TypeKind::pointer:
    case TypeKind::unsafePointer:
    case TypeKind::string:
    case TypeKind::slice:
      return set(offset);
    case TypeKind::interface:
      // The first word points to a descriptor, which the collector skips or not.
      return set(offset) && set(offset + kWord);
    case TypeKind::array: {
      Addr element = 0;
      std::uint64_t length = 0, elementSize = 0;
      if (!memory_.read(type + layout_->arrayElement, element) ||
          !memory_.read(type + layout_->arrayLength, length) ||
          !memory_.read(element + layout_->typeSize.offset, elementSize)) {
        return false;
      }
      for (std::uint64_t i = 0; i < length; ++i) {
        if (!build(element, offset + i * elementSize, bits, depth + 1, budget)) return false;
      }
      return true;
    }
    case TypeKind::structure:
      return buildStructure(type, offset, bits, depth, budget);
    default:
      return false;
  }
}

bool TypeMasks::buildStructure(Addr type, std::uint64_t offset, std::vector<std::byte>& bits,
                               int depth, std::uint64_t& budget) {
  Addr fields = 0;
  std::uint64_t count = 0;
  if (!memory_.read(type + layout_->structFields, fields) ||
      !memory_.read(type + layout_->structFields + kWord, count) || count > budget) {
    return false;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    Addr fieldType = 0;
    std::uint64_t fieldOffset = 0;
    const Addr at = fields + i * layout_->fieldSize;
    if (!memory_.read(at + layout_->fieldType, fieldType) ||
        !memory_.read(at + layout_->fieldOffset, fieldOffset) || fieldOffset > kMaxPointerBytes ||
        !build(fieldType, offset + fieldOffset, bits, depth + 1, budget)) {
      return false;
    }
  }
  return true;
}

}  // namespace parked::heap
