#include "image/missing_variables.h"

#include <algorithm>
#include <elf.h>
#include <fmt/format.h>

#include "target/elf_file.h"

namespace parked::image {

std::optional<std::string> missingVariables(target::Target& target) {
  const target::AddressSpace& memory = target.memory();
  std::uint64_t missing = 0;
  Addr first = 0;
  for (const target::ElfSegment& segment : target.executable().segments()) {
    if (segment.type != PT_LOAD || (segment.flags & PF_W) == 0) continue;
    const Addr from = segment.address + target.bias(), to = from + segment.memorySize;
    for (Addr at = from; at < to;) {
      if (const target::Region* region = memory.region(at)) {
        at = region->end;
        continue;
      }
      const auto next = std::ranges::upper_bound(memory.regions(), at, {}, &target::Region::start);
      const Addr end = next == memory.regions().end() ? to : std::min(to, next->start);
      if (missing == 0) first = at;
      missing += end - at;
      at = end;
    }
  }
  if (missing == 0) return std::nullopt;
  return fmt::format(
      "{} bytes of the program's variables are not in the target's memory, from {:#x} on", missing,
      first);
}

}  // namespace parked::image
