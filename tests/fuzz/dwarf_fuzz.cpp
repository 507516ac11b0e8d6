// room: image
// Type information. Input: how .debug_info is stored (0 plain, 1 zlib, 2 zstd), its unpacked size
// (3 bytes, unless plain), the size of .debug_abbrev (2 bytes), .debug_abbrev, .debug_info.
#include <cstddef>
#include <cstdint>

#include "image/dwarf_layouts.h"
#include "image/dwarf_types.h"

namespace {

/// Follows whatever types the data claims a way down.
void followTypes(const parked::image::DwarfSections& sections) {
  using namespace parked::image;
  auto units = DwarfUnits::open(sections);
  if (!units) return;
  DwarfTypes types(std::move(*units));
  for (TypeRef type : {types.variable("main.limit"), types.variable("runtime.allgs"),
                       types.described(0x500000, 0x400000), TypeRef{11}, TypeRef{64}}) {
    for (int depth = 0; depth < 8 && type != 0; ++depth) {
      (void)types.name(type);
      const std::uint64_t size = types.size(type);
      TypeRef next = types.pointee(type);
      for (std::uint64_t at = 0; at < size && at < 256; at += 8) {
        const TypedWord word = types.word(type, at);
        if (word.pointee != 0) next = word.pointee;
      }
      type = next;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parked::image;
  if (size < 6) return 0;
  std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto unpacked = data[1] | (data[2] << 8) | (data[3] << 16);
  const std::size_t abbrevSize = std::min<std::size_t>(data[4] | (data[5] << 8), size - 6);
  bytes = bytes.subspan(6);
  DwarfSections sections;
  sections.abbrev = {bytes.first(abbrevSize), abbrevSize, Compression::none};
  const auto info = bytes.subspan(abbrevSize);
  sections.info = {info, info.size(), Compression::none};
  if (data[0] % 3 != 0) {
    sections.info.size = static_cast<std::uint64_t>(unpacked);
    sections.info.compression = data[0] % 3 == 1 ? Compression::zlib : Compression::zstd;
  }
  followTypes(sections);
  const auto layouts = openDwarfLayouts(sections);
  if (!layouts) return 0;
  for (const char* type : {"runtime.g", "runtime.stack", "runtime.iface", "net/http.Transport"}) {
    std::vector<std::string> missing;
    Binder binder(**layouts, type, missing);
    binder.offsetOf("stack.hi.x", true);
  }
  std::int64_t value = 0;
  (*layouts)->constant("runtime._Gwaiting", value);
  (*layouts)->constant("main.limit", value);
  return 0;
}
