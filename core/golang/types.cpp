#include "golang/types.h"

#include <algorithm>
#include <string>
#include <vector>

namespace parked::golang {

namespace {

// abi.TFlagExtraStar: the stored name has a "*" in front that is not part of it, so that the
// linker can share the text with the pointer type's.
constexpr std::uint8_t kExtraStar = 2;

// Generated code has type names of a few kilobytes (anonymous structs); longer is damage.
constexpr std::size_t kMaxName = 1 << 14;

// abi.Name: one byte of flags, the length as an unsigned varint, the text.
std::string readName(target::AddressSpace& memory, Addr address) {
  const auto head = memory.bytesUpTo(address, 1 + 3);
  std::size_t length = 0;
  for (std::size_t i = 1; i < head.size(); ++i) {
    const auto byte = std::to_integer<std::size_t>(head[i]);
    length |= (byte & 0x7f) << (7 * (i - 1));
    if ((byte & 0x80) != 0) continue;
    if (length == 0 || length > kMaxName) return {};
    const auto text = memory.bytes(address + i + 1, length);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }
  return {};
}

bool isText(const std::string& name) {
  return std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) >= ' '; });
}

}  // namespace

TypeNames::TypeNames(target::AddressSpace& memory, image::LayoutSource& layouts,
                     const image::ModuleList& modules, StringTable& strings)
    : memory_(memory), modules_(modules), strings_(strings) {
  std::vector<std::string> missing;
  const bool moved = layouts.find("internal/abi.Type") != nullptr;
  image::Binder binder(layouts, moved ? "internal/abi.Type" : "runtime._type", missing);
  size_ = binder.size();
  binder.required(str_, "Str", "str");
  binder.required(flags_, "TFlag", "tflag");
}

StringId TypeNames::name(Addr descriptor) {
  if (descriptor == 0 || !str_ || !flags_) return kEmptyString;
  if (const auto id = known_.find(descriptor); id != AddrMap::kMissing) return id;
  const StringId id = strings_.intern(decode(descriptor));
  known_.insert(descriptor, id);
  return id;
}

std::string TypeNames::decode(Addr descriptor) const {
  for (const image::Module& module : modules_) {
    if (descriptor < module.types || descriptor >= module.typesEnd) continue;
    const image::Object type = image::readObject(memory_, descriptor, size_);
    if (!type || type[str_] <= 0) return {};
    const Addr text = module.types + static_cast<std::uint32_t>(type[str_]);
    if (text >= module.typesEnd) return {};
    std::string name = readName(memory_, text);
    if (!isText(name)) return {};
    if ((type[flags_] & kExtraStar) != 0 && name.starts_with('*')) name.erase(0, 1);
    return name;
  }
  return {};
}

}  // namespace parked::golang
