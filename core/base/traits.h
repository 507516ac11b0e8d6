// Tables beside enums: what is so of each value, a row each. Whoever adds a value adds a row, and
// the compiler says so if it is forgotten.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace parked {

/// Whether the rows stand in the order of the values, one for each from the first on. A row has the
/// value that it is about as its first member, `value`.
template <class Row, std::size_t Count>
constexpr bool isInOrder(const std::array<Row, Count>& rows) {
  for (std::size_t i = 0; i < Count; ++i) {
    if (static_cast<std::size_t>(rows[i].value) != i) return false;
  }
  return true;
}

/// The same, and that the last row is about the last value: none is forgotten.
template <class Row, std::size_t Count, class Value>
constexpr bool isComplete(const std::array<Row, Count>& rows, Value last) {
  return Count == static_cast<std::size_t>(last) + 1 && isInOrder(rows);
}

/// The row of a value; of one that damage made up, the first.
template <class Row, std::size_t Count, class Value>
constexpr const Row& rowOf(const std::array<Row, Count>& rows, Value value) {
  const auto index = static_cast<std::size_t>(value);
  return rows[index < Count ? index : 0];
}

/// A row of which there is nothing to say but the value's name.
template <class Value>
struct Named {
  Value value;
  std::string_view name;
};

}  // namespace parked
