#include "image/pc_table.h"

#include "image/byte_reader.h"

namespace parked::image {

std::int32_t pcValue(std::span<const std::byte> pctab, std::uint32_t offset, const PcRange& code,
                     Addr pc) {
  if (offset == 0 || offset >= pctab.size() || pc < code.entry || pc >= code.end) return -1;
  ByteReader reader(pctab.subspan(offset));
  std::uint32_t value = 0xffffffff;  // -1; wraps around as the runtime's int32 does
  Addr at = code.entry;
  for (bool first = true;; first = false) {
    std::uint64_t delta = 0;
    std::uint64_t advance = 0;
    if (!reader.uvarint(delta) || (delta == 0 && !first) || !reader.uvarint(advance)) return -1;
    const auto zigzag = static_cast<std::uint32_t>(delta);
    value += -(zigzag & 1) ^ (zigzag >> 1);
    if (advance > (pc - at) / code.minLc) return static_cast<std::int32_t>(value);
    if (advance == 0) return -1;  // a table that stands still is damaged
    at += advance * code.minLc;
  }
}

}  // namespace parked::image
