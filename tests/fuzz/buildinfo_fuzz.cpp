// room: image
// What is read of an executable before its DWARF: build information, symbols, debug sections.
#include <cstddef>
#include <cstdint>

#include "image/build_info.h"
#include "image/dwarf_units.h"
#include "image/symbols.h"
#include "target/elf_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parked;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  if (auto info = image::parseBuildInfo(bytes, "fuzz")) info->setting("GOARCH");
  image::parseGoVersion({reinterpret_cast<const char*>(data), size});
  auto file = target::ElfFile::fromBytes(bytes, "fuzz");
  if (!file) return 0;
  (void)image::readBuildInfo(**file);
  image::Symbols(**file, 0x550000).find("runtime.allgs");
  (void)image::findDwarf(**file);
  return 0;
}
