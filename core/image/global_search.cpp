#include "image/global_search.h"

#include <algorithm>
#include <elf.h>
#include <utility>

#include "target/elf_file.h"

namespace parked::image {

std::uint64_t variableBytes(const target::ElfFile& executable) {
  std::uint64_t bytes = 0;
  for (const target::ElfSegment& segment : executable.segments()) {
    if (segment.type == PT_LOAD && (segment.flags & PF_W) != 0) {
      bytes += std::min(segment.memorySize, ~bytes);
    }
  }
  return bytes;
}

bool GlobalSearch::isVariable(Addr address) const {
  const Module& module = modules.front();
  const auto in = [address](Addr from, Addr to) { return address >= from && address < to; };
  return in(module.data, module.dataEnd) || in(module.bss, module.bssEnd) ||
         in(module.noptrData, module.noptrDataEnd) || in(module.noptrBss, module.noptrBssEnd);
}

std::vector<Addr> GlobalSearch::refs(std::string_view function, const Filter& filter) const {
  std::vector<Addr> found;
  for (const CodeRef& ref : codeRefs(target, functions, function)) {
    if (!isVariable(ref.target) || (filter && !filter(ref))) continue;
    if (std::ranges::find(found, ref.target) == found.end()) found.push_back(ref.target);
  }
  return found;
}

std::vector<Addr> GlobalSearch::passing(const std::vector<Addr>& from, std::uint64_t offset,
                                        const std::function<bool(Addr)>& check) {
  std::vector<Addr> found;
  for (const Addr place : from) {
    const Addr address = place - offset;
    if (std::ranges::find(found, address) == found.end() && check(address)) {
      found.push_back(address);
    }
  }
  return found;
}

std::vector<Addr> GlobalSearch::scan(const std::function<bool(Addr)>& check) const {
  std::vector<Addr> found;
  const Module& module = modules.front();
  for (const auto& [from, to] :
       {std::pair(module.data, module.dataEnd), std::pair(module.bss, module.bssEnd)}) {
    // Only what is there: moduledata may be damaged, too, and its end be anywhere. No two of its
    // parts overlap.
    Addr last = to - std::min(to, from) > most ? from + most : to;
    for (const Addr next : {module.noptrData, module.data, module.bss, module.noptrBss}) {
      if (next > from) last = std::min(last, next);
    }
    for (const target::Region& region : memory().regions()) {
      const Addr begin = std::max(from, region.start), end = std::min(last, region.end);
      if (begin >= end || end - begin < kWord) continue;
      const Addr start = (begin + kWord - 1) / kWord * kWord;
      for (Addr at = start; at < end && end - at >= kWord; at += kWord) {
        if (check(at)) found.push_back(at);
      }
    }
  }
  return found;
}

std::optional<Addr> GlobalSearch::only(const std::vector<Addr>& candidates) {
  return candidates.size() == 1 ? std::optional(candidates.front()) : std::nullopt;
}

}  // namespace parked::image
