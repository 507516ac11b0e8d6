#include "stdlib/values.h"

namespace parked::stdlib {

namespace {

constexpr std::uint64_t kWord = 8;

}  // namespace

std::string Values::string(Addr header, std::size_t limit) const {
  std::string text;
  return memory_.contains(header) && memory_.goString(header, text, limit) ? text : std::string();
}

Slice Values::slice(Addr header, std::uint64_t limit) const {
  Slice slice;
  std::uint64_t capacity = 0;
  if (!memory_.read(header, slice.data) || !memory_.read(header + kWord, slice.length) ||
      !memory_.read(header + 2 * kWord, capacity) || slice.length > capacity ||
      slice.length > limit || (slice.length != 0 && slice.data == 0)) {
    return {};
  }
  return slice;
}

Interface Values::interface(Addr address) const {
  const Addr itab = pointer(address);
  if (itab == 0) return {};
  const Addr type = types_.itabAt(itab).type;
  return type == 0 ? Interface{} : Interface{type, pointer(address + kWord)};
}

Interface Values::any(Addr address) const {
  const Addr type = pointer(address);
  return types_.inModules(type) ? Interface{type, pointer(address + kWord)} : Interface{};
}

Addr Values::pointer(Addr address) const {
  Addr value = 0;
  return memory_.contains(address) && memory_.read(address, value) ? value : 0;
}

std::string Values::typeName(Addr descriptor) const {
  const image::RuntimeType* type = types_.at(descriptor);
  return type == nullptr ? std::string() : types_.fullName(*type);
}

}  // namespace parked::stdlib
