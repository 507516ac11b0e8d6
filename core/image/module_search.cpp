// Finding runtime.firstmoduledata in a program without a symbol table.
#include <algorithm>
#include <cstring>
#include <elf.h>

#include "image/moduledata.h"
#include "target/elf_file.h"
#include "target/read_log.h"

namespace parked::image {

namespace {

/// Loaded addresses of everything in the executable that starts like a pclntab, sorted. There is
/// one in every program; data may contain more by chance, or a million by malice.
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
  std::ranges::sort(found);
  return found;
}

/// Inside moduledata.
struct Offsets {
  std::uint32_t pcHeader;
  std::uint32_t ftabLength;
};

/// The first place in `bytes`, which lie at `start`, that is a moduledata of one of the tables.
Addr moduleIn(target::AddressSpace& memory, const std::vector<Addr>& tables, Offsets offsets,
              Addr start, std::span<const std::byte> bytes) {
  for (std::size_t at = 0; at + kWord <= bytes.size(); at += kWord) {
    Addr word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    if (!std::ranges::binary_search(tables, word)) continue;
    std::uint64_t count = 0;
    const auto header = readPcHeader(memory, word);
    const Addr module = start + at - offsets.pcHeader;
    target::ReadLog::Trial trial(memory.log());
    if (header && memory.read(module + offsets.ftabLength, count) &&
        count == header->functionCount + 1) {
      trial.keep();
      memory.note(start + at, sizeof word);
      return module;
    }
  }
  return 0;
}

}  // namespace

Addr findModule(target::Target& target, std::uint32_t pcHeaderOffset,
                std::uint32_t ftabLengthOffset) {
  const Offsets offsets{pcHeaderOffset, ftabLengthOffset};
  target::AddressSpace& memory = target.memory();
  const std::vector<Addr> tables = pclntabs(target);
  if (tables.empty()) return 0;
  for (const auto& segment : target.executable().segments()) {
    if (segment.type != PT_LOAD || (segment.flags & PF_W) == 0) continue;
    // From memory, not from the file: in a position-independent program the file's pointers are
    // not relocated. Moduledata is initialized data, so it lies in the part that the file backs.
    // Protecting relocated data splits the segment into several regions.
    Addr start = segment.address + target.bias();
    const Addr end = start + segment.bytes.size();
    while (start < end) {
      const auto bytes = memory.viewUpTo(start, end - start);
      if (const Addr found = moduleIn(memory, tables, offsets, start, bytes)) return found;
      start = bytes.empty() ? (start / kPage + 1) * kPage : start + bytes.size();
    }
  }
  return 0;
}

}  // namespace parked::image
