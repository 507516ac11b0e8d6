#include "image/not_started.h"

#include <algorithm>
#include <cstring>
#include <elf.h>

#include "image/global_search.h"
#include "image/peek.h"
#include "target/elf_file.h"

namespace parked::image {

namespace {

constexpr std::size_t kMostCopied = 16;  // words: environ, stdout and the like of a C library
constexpr std::size_t kChunk = 1 << 20;

/// Adds the words in [from, to) that are not zero; false if some are not in the target's memory.
bool countSet(target::AddressSpace& memory, Addr from, Addr to, std::size_t& set) {
  while (from < to && set <= kMostCopied) {
    const auto bytes = memory.viewUpTo(from, std::min<std::uint64_t>(to - from, kChunk));
    if (bytes.empty()) return false;
    for (std::size_t at = 0; at < bytes.size(); at += kWord) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, std::min(kWord, bytes.size() - at));
      if (word != 0) ++set;
    }
    from += bytes.size();
  }
  return true;
}

}  // namespace

bool nothingHasRun(target::Target& target) {
  constexpr std::uint64_t kLeast = 1 << 12;  // any Go program has more of them
  std::uint64_t looked = 0;
  std::size_t set = 0;
  for (const target::ElfSegment& segment : target.executable().segments()) {
    if (segment.type != PT_LOAD || (segment.flags & PF_W) == 0) continue;
    const Addr start = segment.address + target.bias();
    const std::uint64_t given = std::min<std::uint64_t>(segment.bytes.size(), segment.memorySize);
    if (segment.memorySize > target.memory().size()) return false;
    if (!countSet(target.memory(), start + given, start + segment.memorySize, set)) return false;
    looked += segment.memorySize - given;
  }
  return looked >= kLeast && set <= kMostCopied;
}

bool hasNoGoroutineYet(const Image& image) {
  const GlobalSearch search{image.target(), image.layouts(), image.modules(), image.functions(),
                            variableBytes(image.target().executable())};
  if (search.modules.empty()) return false;
  constexpr std::size_t kOfASlice = 3;
  const auto words = search.refs(
      "runtime.allgadd", [](const CodeRef& ref) { return !ref.address && ref.width == kWord; });
  return words.size() >= kOfASlice && std::ranges::all_of(words, [&](Addr address) {
           std::uint64_t value = 0;
           return peek(search.memory(), address, value) && value == 0;
         });
}

}  // namespace parked::image
