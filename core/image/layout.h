// Struct layouts of the target's types, and typed handles to their fields. Walkers never see an
// offset: they bind a Field once per target and read object[field].
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "target/address_space.h"

namespace parked::image {

struct FieldLayout {
  std::string name;
  std::uint32_t offset = 0;  ///< bytes from the start of the struct
  std::uint32_t size = 0;    ///< bytes
  std::string type;          ///< type name as DWARF has it, e.g. "runtime.gobuf", "*runtime.g"
};

struct StructLayout {
  std::string name;
  std::uint32_t size = 0;
  std::vector<FieldLayout> fields;

  const FieldLayout* field(std::string_view name) const;
};

/// Where layouts come from: the target's DWARF, or a shipped table.
class LayoutSource {
 public:
  virtual ~LayoutSource() = default;
  /// The layout of a struct by its full name ("runtime.g"), nullptr if there is none. The pointer
  /// stays valid as long as the source.
  virtual const StructLayout* find(std::string_view type) = 0;
  /// Value of a named integer constant of the runtime (DW_TAG_constant), if known.
  virtual bool constant(std::string_view name, std::int64_t& value) = 0;
  /// For the report's header: "DWARF", "table for go1.24.9".
  virtual std::string origin() const = 0;
};

/// The offset of a field that the Go version of the target does not have.
inline constexpr std::uint32_t kAbsent = 0xffffffff;

/// A handle to a field of type T (an integer type or Addr for pointers). Absent when the target's
/// Go version does not have the field.
template <class T>
struct Field {
  static_assert(std::is_trivially_copyable_v<T>);
  static constexpr std::uint32_t kAbsent = image::kAbsent;
  std::uint32_t offset = kAbsent;

  bool exists() const { return offset != kAbsent; }
  explicit operator bool() const { return exists(); }
};

/// The bytes of one struct in the target, bounds-checked on every access.
class Object {
 public:
  Object() = default;
  Object(Addr address, std::span<const std::byte> bytes) : address_(address), bytes_(bytes) {}
  /// Tells the log of `memory`, if it has one, which fields are read, and not the whole struct.
  Object(Addr address, target::AddressSpace& memory, std::uint32_t size)
      : address_(address),
        bytes_(memory.view(address, size)),
        recorded_(memory.log() != nullptr ? &memory : nullptr) {}

  explicit operator bool() const { return !bytes_.empty(); }
  Addr address() const { return address_; }
  std::size_t size() const { return bytes_.size(); }

  /// The field's value; T{} when the field is absent or lies outside the bytes. A walker whose
  /// result depends on a field that may be absent asks exists() first.
  template <class T>
  T operator[](Field<T> field) const {
    T value{};
    if (field.offset <= bytes_.size() && sizeof(T) <= bytes_.size() - field.offset) {
      std::memcpy(&value, bytes_.data() + field.offset, sizeof(T));
      if (recorded_ != nullptr) recorded_->note(address_ + field.offset, sizeof(T));
    }
    return value;
  }
  /// Address of a field inside the target.
  template <class T>
  Addr addressOf(Field<T> field) const {
    return address_ + field.offset;
  }

 private:
  Addr address_ = 0;
  std::span<const std::byte> bytes_;
  const target::AddressSpace* recorded_ = nullptr;
};

/// Binds fields of one struct. Paths descend into embedded structs ("sched.sp"); several paths are
/// alternatives, first hit wins ("elem.vu", "elem"). A field whose size in the target differs
/// from sizeof(T) counts as missing. What is required and missing is collected in `missing`.
class Binder {
 public:
  Binder(LayoutSource& source, std::string_view type, std::vector<std::string>& missing);

  bool found() const { return layout_ != nullptr; }  ///< the struct type itself exists
  std::uint32_t size() const { return layout_ != nullptr ? layout_->size : 0; }

  template <class T, class... Paths>
  void required(Field<T>& field, Paths... paths) {
    field.offset = locate(sizeof(T), true, {std::string_view(paths)...});
  }
  template <class T, class... Paths>
  void optional(Field<T>& field, Paths... paths) {
    field.offset = locate(sizeof(T), false, {std::string_view(paths)...});
  }
  /// Offset of an embedded struct or array of any size; Field<…>::kAbsent if missing.
  std::uint32_t offsetOf(std::string_view path, bool required);

 private:
  std::uint32_t locate(std::size_t size, bool required, std::vector<std::string_view> paths);

  LayoutSource& source_;
  std::string type_;
  const StructLayout* layout_;
  std::vector<std::string>& missing_;
};

/// Reads the struct at `address`; an empty Object if it is not readable.
inline Object readObject(target::AddressSpace& memory, Addr address, std::uint32_t size) {
  return Object(address, memory, size);
}

}  // namespace parked::image
