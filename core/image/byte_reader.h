// Reading little-endian integers and variable-length numbers out of foreign bytes, bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace parked::image {

/// The integer at `offset`; false when it does not lie inside `bytes`.
template <class T>
bool readAt(std::span<const std::byte> bytes, std::uint64_t offset, T& out) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
  std::memcpy(&out, bytes.data() + offset, sizeof(T));
  return true;
}

/// The NUL-terminated text at `offset`; empty when it does not end inside `bytes`. A view into
/// them.
inline std::string_view textAt(std::span<const std::byte> bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return {};
  const char* start = reinterpret_cast<const char*>(bytes.data()) + offset;
  const void* end = std::memchr(start, 0, bytes.size() - offset);
  if (end == nullptr) return {};
  return {start, static_cast<std::size_t>(static_cast<const char*>(end) - start)};
}

/// Walks forward through bytes; every read says whether it stayed inside.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  /// An unsigned LEB128 number (Go's uvarint), at most ten bytes long.
  bool uvarint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(bytes_[at_++]);
      out |= (byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  /// The next `size` bytes as text.
  bool text(std::uint64_t size, std::string_view& out) {
    if (size > bytes_.size() - at_) return false;
    out = {reinterpret_cast<const char*>(bytes_.data()) + at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

}  // namespace parked::image
