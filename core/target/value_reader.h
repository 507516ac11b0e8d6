// Takes what a note is made of off its front.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>

namespace parked::target {

/// Every value says whether it was there. Nothing is taken of one that is cut off.
class ValueReader {
 public:
  explicit ValueReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <class T>
  bool take(T& out) {
    if (bytes_.size() < sizeof(T)) return false;
    std::memcpy(&out, bytes_.data(), sizeof(T));
    bytes_ = bytes_.subspan(sizeof(T));
    return true;
  }
  bool take(std::size_t size, std::span<const std::byte>& out) {
    if (bytes_.size() < size) return false;
    out = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return true;
  }
  /// Up to a NUL, which is taken, too.
  bool text(std::string& out) {
    const auto end = std::ranges::find(bytes_, std::byte{0});
    if (end == bytes_.end()) return false;
    const auto size = static_cast<std::size_t>(end - bytes_.begin());
    out.assign(reinterpret_cast<const char*>(bytes_.data()), size);
    bytes_ = bytes_.subspan(size + 1);
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace parked::target
