// Finding runtime.firstmoduledata in a program without a symbol table.
#include <cstring>
#include <elf.h>

#include "image/moduledata.h"
#include "target/elf_file.h"

namespace parked::image {

namespace {

constexpr std::size_t kWord = 8;

/// Loaded addresses of everything in the executable that starts like a pclntab. There is one in
/// every program; data may contain more by chance.
std::vector<Addr> pclntabs(target::Target& target) {
  std::vector<Addr> found;
  for (const auto& segment : target.executable().segments()) {
    if (segment.type != PT_LOAD) continue;
    for (std::size_t at = 0; at + kWord <= segment.bytes.size(); at += kWord) {
      std::uint32_t magic = 0;
      std::memcpy(&magic, segment.bytes.data() + at, sizeof(magic));
      if (magic != 0xfffffff0 && magic != 0xfffffff1) continue;
      const Addr address = segment.address + target.bias() + at;
      if (readPcHeader(target.memory(), address)) found.push_back(address);
    }
  }
  return found;
}

}  // namespace

Addr findModule(target::Target& target, std::uint32_t ftabLength) {
  target::AddressSpace& memory = target.memory();
  const std::vector<Addr> tables = pclntabs(target);
  for (const auto& segment : target.executable().segments()) {
    if (segment.type != PT_LOAD || (segment.flags & PF_W) == 0) continue;
    const Addr start = segment.address + target.bias();
    // From memory, not from the file: in a position-independent program the file's pointers are
    // not relocated. Moduledata is initialized data, so it lies in the part that the file backs.
    const auto bytes = memory.bytesUpTo(start, segment.fileSize);
    for (std::size_t at = 0; at + kWord <= bytes.size(); at += kWord) {
      Addr word = 0;
      std::memcpy(&word, bytes.data() + at, sizeof(word));
      for (const Addr table : tables) {
        if (word != table) continue;
        std::uint64_t count = 0;
        const auto header = readPcHeader(memory, table);
        if (header && memory.read(start + at + ftabLength, count) &&
            count == header->functionCount + 1) {
          return start + at;
        }
      }
    }
  }
  return 0;
}

}  // namespace parked::image
