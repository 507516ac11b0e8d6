#include "image/inline_tree.h"

namespace parked::image {

namespace {

/// Go 1.18 and 1.19.
struct WideEntry {
  std::int16_t parent;
  std::uint8_t funcId;
  std::uint8_t pad;
  std::int32_t file, line;  // of the call
  std::uint32_t nameOffset;
  std::uint32_t parentPc;
};
static_assert(sizeof(WideEntry) == 20);

/// Since Go 1.20.
struct Entry {
  std::uint8_t funcId;
  std::uint8_t pad[3];
  std::uint32_t nameOffset;
  std::uint32_t parentPc;
  std::int32_t startLine;
};
static_assert(sizeof(Entry) == 16);

}  // namespace

std::optional<InlinedCall> readInlinedCall(target::AddressSpace& memory, const PclnFormat& format,
                                           Addr tree, std::int32_t index) {
  if (tree == 0 || index < 0) return std::nullopt;
  const auto number = static_cast<std::uint64_t>(index);
  if (format.wideInlineTree) {
    WideEntry entry;
    if (!memory.read(tree + number * sizeof(entry), entry)) return std::nullopt;
    return InlinedCall{entry.funcId, entry.nameOffset, entry.parentPc, 0};
  }
  Entry entry;
  if (!memory.read(tree + number * sizeof(entry), entry)) return std::nullopt;
  return InlinedCall{entry.funcId, entry.nameOffset, entry.parentPc, entry.startLine};
}

}  // namespace parked::image
