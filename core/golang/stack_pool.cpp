#include "golang/stack_pool.h"

#include <algorithm>
#include <cstring>

namespace parked::golang {

static_assert(sizeof(FramePc) == sizeof(std::uint64_t));

static std::uint64_t hashOf(std::span<const FramePc> pcs, bool truncated) {
  std::uint64_t hash = truncated ? 1 : 0;
  for (const FramePc& frame : pcs) {
    std::uint64_t word;
    std::memcpy(&word, &frame, sizeof word);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  return hash;
}

bool StackPool::equals(Index stack, std::span<const FramePc> pcs, bool truncated) const {
  const Stack& other = snapshot_.stacks[stack];
  return other.count == pcs.size() && other.truncated == truncated &&
         std::memcmp(snapshot_.pcs.data() + other.first, pcs.data(), pcs.size_bytes()) == 0;
}

Index StackPool::add(std::span<const FramePc> pcs, bool truncated) {
  // Stack::first counts pcs in 32 bits.
  if (pcs.empty() || snapshot_.pcs.size() > 0xffffffff - pcs.size()) return kNone;
  const std::uint64_t hash = hashOf(pcs, truncated);
  std::size_t slot = hash & (slots_.size() - 1);
  for (; slots_[slot] != kNone; slot = (slot + 1) & (slots_.size() - 1)) {
    const Index stack = slots_[slot];
    if (hashes_[stack] == hash && equals(stack, pcs, truncated)) return stack;
  }
  const auto stack = static_cast<Index>(snapshot_.stacks.size());
  slots_[slot] = stack;
  hashes_.push_back(hash);
  snapshot_.stacks.push_back({.first = static_cast<std::uint32_t>(snapshot_.pcs.size()),
                              .count = static_cast<std::uint32_t>(pcs.size()),
                              .truncated = truncated});
  snapshot_.pcs.insert(snapshot_.pcs.end(), pcs.begin(), pcs.end());
  if (hashes_.size() * 2 > slots_.size()) grow();
  return stack;
}

void StackPool::grow() {
  slots_.assign(slots_.size() * 2, kNone);
  for (Index stack = 0; stack < hashes_.size(); ++stack) {
    std::size_t slot = hashes_[stack] & (slots_.size() - 1);
    while (slots_[slot] != kNone) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = stack;
  }
}

}  // namespace parked::golang
