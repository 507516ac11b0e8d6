#include "stdlib/values.h"

namespace parked::stdlib {

namespace {

constexpr std::uint64_t kWord = 8;

}  // namespace

std::string Values::string(Addr header, std::size_t limit) const {
  const auto text = memory_.goText(header, limit);
  if (text) return text->shown();
  incomplete_.add("text", "a string's header or its bytes are not in the target's memory", header);
  return {};
}

std::string Values::guess(Addr header, std::size_t limit) const {
  if (!memory_.covers(header, 2 * kWord)) return {};
  const Addr data = memory_.word(header);
  const std::uint64_t length = memory_.word(header + kWord);
  std::string text;
  return length <= limit && memory_.covers(data, length) && memory_.goString(header, text, limit)
             ? text
             : std::string();
}

Slice Values::slice(Addr header, std::uint64_t elementSize) const {
  Slice slice;
  const bool read = memory_.read(header, slice.data) &&
                    memory_.read(header + kWord, slice.length) &&
                    memory_.read(header + 2 * kWord, slice.capacity);
  std::uint64_t bytes = 0;
  if (read && slice.length <= slice.capacity &&
      !__builtin_mul_overflow(slice.capacity, elementSize, &bytes) &&
      memory_.covers(slice.data, bytes)) {
    return slice;
  }
  incomplete_.add("list", "a slice's header or its elements are not in the target's memory",
                  header);
  return {};
}

Interface Values::interface(Addr address) const {
  const Addr itab = pointer(address);
  if (itab == 0) return {};
  const Addr type = types_.itabAt(itab).type;
  return type == 0 ? Interface{} : Interface{type, pointer(address + kWord)};
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
