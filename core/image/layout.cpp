#include "image/layout.h"

#include <algorithm>
#include <fmt/format.h>

namespace parked::image {

namespace {

/// What a path such as "sched.sp" leads to; nullptr field if some part of it is not there.
struct Located {
  std::uint32_t offset = 0;
  const FieldLayout* field = nullptr;
};

Located follow(LayoutSource& source, const StructLayout* layout, std::string_view path) {
  Located at;
  while (layout != nullptr) {
    const std::size_t dot = path.find('.');
    at.field = layout->field(path.substr(0, dot));
    if (at.field == nullptr) return {};
    at.offset += at.field->offset;
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
    layout = source.find(at.field->type);
  }
  return {};
}

}  // namespace

const FieldLayout* StructLayout::field(std::string_view wanted) const {
  const auto it = std::find_if(fields.begin(), fields.end(),
                               [&](const FieldLayout& field) { return field.name == wanted; });
  return it != fields.end() ? &*it : nullptr;
}

Binder::Binder(LayoutSource& source, std::string_view type, std::vector<std::string>& missing)
    : source_(source), type_(type), layout_(source.find(type)), missing_(missing) {}

std::uint32_t Binder::offsetOf(std::string_view path, bool required) {
  const Located at = follow(source_, layout_, path);
  if (at.field != nullptr) return at.offset;
  if (required) missing_.push_back(fmt::format("{}.{}", type_, path));
  return Field<std::uint8_t>::kAbsent;
}

std::uint32_t Binder::locate(std::size_t size, bool required, std::vector<std::string_view> paths) {
  for (const std::string_view path : paths) {
    const Located at = follow(source_, layout_, path);
    if (at.field != nullptr && at.field->size == size) return at.offset;
  }
  if (required && !paths.empty()) missing_.push_back(fmt::format("{}.{}", type_, paths.front()));
  return Field<std::uint8_t>::kAbsent;
}

}  // namespace parked::image
