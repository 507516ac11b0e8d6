#include "image/type_layouts.h"

namespace parked::image {

const StructLayout* TypeLayouts::find(std::string_view type) {
  const auto known = known_.find(type);
  if (known != known_.end()) return known->second.get();
  std::unique_ptr<StructLayout> layout;
  const RuntimeType* descriptor = types_.at(types_.find(type));
  if (descriptor != nullptr && descriptor->kind == TypeKind::structure &&
      descriptor->size <= 0xffffffff) {
    layout = std::make_unique<StructLayout>();
    layout->name = type;
    layout->size = static_cast<std::uint32_t>(descriptor->size);
    for (const RuntimeField& field : descriptor->fields) {
      const RuntimeType* fieldType = types_.at(field.type);
      if (fieldType == nullptr || fieldType->size > layout->size) continue;
      layout->fields.push_back({field.name, static_cast<std::uint32_t>(field.offset),
                                static_cast<std::uint32_t>(fieldType->size),
                                types_.fullName(*fieldType)});
    }
  }
  return known_.emplace(std::string(type), std::move(layout)).first->second.get();
}

bool TypeLayouts::constant(std::string_view /*name*/, std::int64_t& /*value*/) { return false; }

const StructLayout* ChainedLayouts::find(std::string_view type) {
  const StructLayout* layout = first_.find(type);
  return layout != nullptr ? layout : second_.find(type);
}

bool ChainedLayouts::constant(std::string_view name, std::int64_t& value) {
  return first_.constant(name, value) || second_.constant(name, value);
}

}  // namespace parked::image
