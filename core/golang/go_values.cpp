#include "golang/go_values.h"

#include "target/read_log.h"

namespace parked::golang {

std::string GoValues::string(Addr header, std::size_t limit) const {
  const auto text = memory_.goText(header, limit);
  if (text) return text->shown();
  incomplete_.add("text", "a string's header or its bytes are not in the target's memory", header);
  return {};
}

bool GoValues::isString(Addr header) const {
  if (!memory_.covers(header, 2 * kWord)) return false;
  const std::uint64_t length = memory_.word(header + kWord);
  return length == 0 || memory_.covers(memory_.word(header), length);
}

std::string GoValues::guess(Addr header, std::size_t limit) const {
  std::string text;
  target::ReadLog::Trial trial(memory_.log());
  if (!isString(header) || memory_.word(header + kWord) > limit ||
      !memory_.goString(header, text, limit)) {
    return {};
  }
  trial.keep();
  return text;
}

Slice GoValues::slice(Addr header, std::uint64_t elementSize) const {
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

Interface GoValues::interface(Addr address) const {
  const Addr itab = pointer(address);
  if (itab == 0) return {};
  const Addr type = types_.itabAt(itab).type;
  return type == 0 ? Interface{} : Interface{type, pointer(address + kWord)};
}

Addr GoValues::pointer(Addr address) const {
  return memory_.contains(address) ? memory_.pointer(address) : 0;
}

std::string GoValues::typeName(Addr descriptor) const {
  const image::RuntimeType* type = types_.at(descriptor);
  return type == nullptr ? std::string() : types_.fullName(*type);
}

}  // namespace parked::golang
