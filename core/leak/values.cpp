#include "leak/values.h"

#include <algorithm>

namespace parked::leak {

std::size_t Values::Hash::operator()(const Value& value) const {
  std::uint64_t hash = static_cast<std::uint64_t>(value.kind);
  const auto mix = [&hash](std::uint64_t part) {
    hash = (hash ^ part) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  };
  mix(value.a);
  mix(value.b);
  mix(static_cast<std::uint64_t>(value.number));
  return hash;
}

ValueId Values::of(const Value& value) {
  const auto [at, isNew] = ids_.try_emplace(value, static_cast<ValueId>(values_.size()));
  if (isNew) values_.push_back(value);
  return at->second;
}

ValueId Values::opaque(Addr pc, std::int64_t what) {
  // The pc's lower half is enough to tell instructions of a function apart.
  return of({.kind = Value::Kind::opaque, .a = static_cast<std::uint32_t>(pc), .number = what});
}

ValueId Values::plus(ValueId value, std::int64_t number) {
  if (number == 0) return value;
  const Value from = values_[value];
  const auto sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(from.number) +
                                             static_cast<std::uint64_t>(number));
  switch (from.kind) {
    case Value::Kind::constant:
      return constant(sum);
    case Value::Kind::frame:
      return frame(sum);
    case Value::Kind::offset:
      return sum == 0 ? from.a : of({.kind = Value::Kind::offset, .a = from.a, .number = sum});
    default:
      return of({.kind = Value::Kind::offset, .a = value, .number = number});
  }
}

ValueId Values::plus(ValueId a, ValueId b) {
  if (values_[a].kind == Value::Kind::constant) return plus(b, values_[a].number);
  if (values_[b].kind == Value::Kind::constant) return plus(a, values_[b].number);
  const Split x = split(a), y = split(b);
  const ValueId first = std::min(x.base, y.base), second = std::max(x.base, y.base);
  const ValueId sum = of({.kind = Value::Kind::sum, .a = first, .b = second});
  return plus(sum, static_cast<std::int64_t>(static_cast<std::uint64_t>(x.offset) +
                                             static_cast<std::uint64_t>(y.offset)));
}

ValueId Values::times(ValueId value, std::int64_t number) {
  if (number == 1) return value;
  const Value from = values_[value];
  const auto product = [&](std::int64_t factor) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(factor) *
                                     static_cast<std::uint64_t>(number));
  };
  if (from.kind == Value::Kind::constant) return constant(product(from.number));
  if (from.kind == Value::Kind::scaled) {
    return of({.kind = Value::Kind::scaled, .a = from.a, .number = product(from.number)});
  }
  return of({.kind = Value::Kind::scaled, .a = value, .number = number});
}

Values::Split Values::split(ValueId value) const {
  const Value& it = values_[value];
  if (it.kind == Value::Kind::offset) return {it.a, it.number};
  return {value, 0};
}

bool Values::ofEntry(ValueId value) const {
  // A value refers to older ones only; a sum that doubles itself is not worth looking through.
  constexpr int kDeep = 8;
  const auto look = [this](const auto& self, ValueId id, int depth) -> bool {
    const Value& it = values_[id];
    switch (it.kind) {
      case Value::Kind::entryRegister:
      case Value::Kind::entryWord:
      case Value::Kind::constant:
      case Value::Kind::frame:
        return true;
      case Value::Kind::offset:
      case Value::Kind::scaled:
        return depth < kDeep && self(self, it.a, depth + 1);
      case Value::Kind::sum:
        return depth < kDeep && self(self, it.a, depth + 1) && self(self, it.b, depth + 1);
      default:
        return false;
    }
  };
  return look(look, value, 0);
}

bool Values::alike(ValueId a, ValueId b) const {
  constexpr int kDeep = 8;
  for (int depth = 0; depth < kDeep && a != b; ++depth) {
    const Value& x = values_[a];
    const Value& y = values_[b];
    if (x.kind != y.kind) return false;
    if (x.kind != Value::Kind::load && (x.kind != Value::Kind::offset || x.number != y.number)) {
      return false;
    }
    a = x.a;
    b = y.a;
  }
  return a == b;
}

}  // namespace parked::leak
