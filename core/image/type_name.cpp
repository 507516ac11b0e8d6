#include "image/type_name.h"

#include <algorithm>
#include <string_view>

namespace parked::image {

namespace {

constexpr std::uint8_t kExtraStar = 2;  // abi.TFlagExtraStar

// Generated code has type names of a few kilobytes (anonymous structs); longer is damage.
constexpr std::size_t kMaxName = 1 << 14;
constexpr std::size_t kMaxLengthBytes = 3;

bool isText(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) >= ' '; });
}

}  // namespace

std::string readTypeName(target::AddressSpace& memory, Addr address) {
  const auto head = memory.bytesUpTo(address, 1 + kMaxLengthBytes);
  std::size_t length = 0;
  for (std::size_t i = 1; i < head.size(); ++i) {
    const auto byte = std::to_integer<std::size_t>(head[i]);
    length |= (byte & 0x7f) << (7 * (i - 1));
    if ((byte & 0x80) != 0) continue;
    if (length == 0 || length > kMaxName) return {};
    const auto bytes = memory.bytes(address + i + 1, length);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!isText(text)) return {};
    return std::string(text);
  }
  return {};
}

std::string readTypeName(target::AddressSpace& memory, const Module& module, std::int32_t offset) {
  const Addr text = module.types + static_cast<std::uint32_t>(offset);
  return offset > 0 && text < module.typesEnd ? readTypeName(memory, text) : std::string();
}

void dropExtraStar(std::string& name, std::uint8_t flags) {
  if ((flags & kExtraStar) != 0 && name.starts_with('*')) name.erase(0, 1);
}

}  // namespace parked::image
