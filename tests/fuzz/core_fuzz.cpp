// room: target
// A core's headers and notes, and the address space made of them.
#include <cstddef>
#include <cstdint>
#include <span>

#include "target/core_head.h"
#include "target/elf_file.h"
#include "target/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parked::target;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  if (headSize(bytes) <= size) (void)readHead(bytes);
  auto core = ElfFile::fromBytes(bytes, "fuzz");
  if (!core) return 0;
  OpenOptions options;
  options.executable = "/proc/self/exe";
  options.force = true;
  auto target = openCore(*core, options);
  if (!target) return 0;
  auto& memory = (*target)->memory();
  for (const Region& region : memory.regions()) {
    memory.bytes(region.start, 8);
    memory.bytes(region.end - 1, 2);
  }
  memory.cstring((*core)->entry());
  return 0;
}
