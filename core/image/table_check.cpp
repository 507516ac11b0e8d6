#include "image/table_check.h"

#include <fmt/format.h>

namespace parked::image {

namespace {

/// What is different, nullopt if nothing is.
std::optional<std::string> compare(const StructLayout& layout, const RuntimeType& type,
                                   RuntimeTypes& types) {
  if (layout.size != type.size) {
    return fmt::format("{} has {} bytes, not {}", layout.name, type.size, layout.size);
  }
  if (layout.fields.size() != type.fields.size()) {
    return fmt::format("{} has {} fields, not {}", layout.name, type.fields.size(),
                       layout.fields.size());
  }
  for (std::size_t i = 0; i < layout.fields.size(); ++i) {
    const FieldLayout& expected = layout.fields[i];
    const RuntimeField& found = type.fields[i];
    if (expected.name != found.name || expected.offset != found.offset) {
      return fmt::format("{} has {} at {}, not {} at {}", layout.name, found.name, found.offset,
                         expected.name, expected.offset);
    }
    const RuntimeType* fieldType = types.at(found.type);
    if (fieldType != nullptr && fieldType->size != expected.size) {
      return fmt::format("{}.{} has {} bytes, not {}", layout.name, found.name, fieldType->size,
                         expected.size);
    }
  }
  return std::nullopt;
}

}  // namespace

TableCheck checkTable(TableLayouts& table, RuntimeTypes& types) {
  TableCheck check;
  bool g = false, m = false;
  for (const std::string_view name : table.names()) {
    const RuntimeType* type = types.at(types.find(name));
    const StructLayout* layout = table.find(name);
    if (layout == nullptr || type == nullptr || type->kind != TypeKind::structure) continue;
    ++check.compared;
    g = g || name == "runtime.g";
    m = m || name == "runtime.m";
    check.mismatch = compare(*layout, *type, types);
    if (check.mismatch) break;
  }
  check.runtime = g && m;
  return check;
}

}  // namespace parked::image
