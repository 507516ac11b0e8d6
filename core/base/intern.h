// Strings stored once and named by a small number, so that a million goroutines do not carry a
// million copies of "main.worker".
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace parked {

using StringId = std::uint32_t;
inline constexpr StringId kEmptyString = 0;  ///< id of "" in every table

class StringTable {
 public:
  StringTable() { intern(""); }

  /// The id of `text`, the same for equal texts.
  StringId intern(std::string_view text) {
    if (auto it = ids_.find(text); it != ids_.end()) return it->second;
    const auto id = static_cast<StringId>(strings_.size());
    strings_.emplace_back(text);
    ids_.emplace(strings_.back(), id);
    return id;
  }

  /// The text of an id handed out by this table; stays valid as long as the table.
  std::string_view operator[](StringId id) const {
    return id < strings_.size() ? std::string_view(strings_[id]) : std::string_view();
  }

  std::size_t size() const { return strings_.size(); }

 private:
  std::deque<std::string> strings_;  // a deque: the views in ids_ stay valid while it grows
  std::unordered_map<std::string_view, StringId> ids_;
};

}  // namespace parked
