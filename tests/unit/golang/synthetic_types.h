// Type descriptors, itabs and layouts made of bytes: enough for interface values.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "golang/synthetic.h"

namespace parked::test {

/// A program whose types lie in one piece; offsets are not the real ones.
class SyntheticTypes {
 public:
  static constexpr Addr kTypes = 0x600000, kTypesEnd = kTypes + 0x10000;
  static constexpr Addr kMemory = 0xc000000000;
  static constexpr std::size_t kSize = 1 << 16;

  SyntheticTypes() : layouts_(std::make_unique<SyntheticLayouts>()) {
    target.map(kTypes, kTypesEnd - kTypes);
    target.map(kMemory, kSize);
    layouts().add("internal/abi.Type", 40,
                  {{"Size_", 0, 8, "uintptr"},
                   {"PtrBytes", 8, 8, "uintptr"},
                   {"TFlag", 16, 1, "uint8"},
                   {"Kind_", 17, 1, "uint8"},
                   {"Str", 20, 4, "int32"}});
    layouts().add("internal/abi.PtrType", 56, {{"Elem", 48, 8, "*internal/abi.Type"}});
    layouts().add("internal/abi.StructType", 72, {{"Fields", 48, 24, "[]abi.StructField"}});
    layouts().add(
        "internal/abi.StructField", 24,
        {{"Name", 0, 8, "abi.Name"}, {"Typ", 8, 8, "*abi.Type"}, {"Offset", 16, 8, "uintptr"}});
    layouts().add("internal/abi.ITab", 32, {{"Inter", 0, 8, "*abi.Type"}, {"Type", 8, 8, "*"}});
  }

  SyntheticLayouts& layouts() { return *layouts_; }

  /// A struct without fields; "net.TCPAddr".
  Addr structure(std::string_view name) { return type(25, name, 0); }
  Addr pointerTo(std::string_view name) {
    const Addr element = structure(name);
    return type(22, "*" + std::string(name), element);
  }
  Addr interface(std::string_view name) { return type(20, name, 0); }
  /// An itab of some interface for the type.
  Addr itab(Addr concrete) {
    const Addr at = kMemory + kSize - 32 * ++itabs_;
    target.put(at, interface("net.Addr"));
    target.put(at + 8, concrete);
    return at;
  }

  void putSlice(Addr at, Addr data, std::uint64_t length, std::uint64_t capacity) {
    target.put(at, data);
    target.put(at + 8, length);
    target.put(at + 16, capacity);
  }
  void putInterface(Addr at, Addr itab, Addr data) {
    target.put(at, itab);
    target.put(at + 8, data);
  }

  /// No more layouts after that.
  image::Image& image() {
    if (image_ == nullptr) {
      image::Image::Parts parts;
      parts.build.version.minor = 22;
      image::Module module;
      module.types = kTypes;
      module.typesEnd = kTypesEnd;
      parts.modules.push_back(module);
      parts.layouts = std::move(layouts_);
      image_ = image::Image::assemble(target, std::move(parts));
    }
    return *image_;
  }

  SyntheticTarget target;

 private:
  Addr type(std::uint8_t kind, std::string_view name, Addr element) {
    const Addr at = next_;
    next_ += 128;
    target.put(at, std::uint64_t{8});
    target.put(at + 17, kind);
    target.put(at + 20, static_cast<std::int32_t>(names_ - kTypes));
    target.put(at + 48, element);
    target.put(names_, std::uint8_t{1});
    target.put(names_ + 1, static_cast<std::uint8_t>(name.size()));
    target.put(names_ + 2, name.data(), name.size());
    names_ += name.size() + 2;
    return at;
  }

  std::unique_ptr<SyntheticLayouts> layouts_;
  std::unique_ptr<image::Image> image_;
  Addr next_ = kTypes + 128, names_ = kTypes + 0x8000;
  std::uint64_t itabs_ = 0;
};

}  // namespace parked::test
