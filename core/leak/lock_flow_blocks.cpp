// The blocks of a function's code, and the ways between them.

#include <algorithm>

#include "leak/lock_flow.h"

namespace parked::leak {

std::uint32_t LockFlow::indexOf(Addr pc) const {
  const auto at = std::ranges::lower_bound(code_, pc, {}, &Instruction::pc);
  return at != code_.end() && at->pc == pc ? static_cast<std::uint32_t>(at - code_.begin()) : kNone;
}

bool LockFlow::neverReturns(const Instruction& instruction) const {
  return instruction.op == Op::call && instruction.destination() != 0 &&
         facts_.callee(instruction.destination()).kind == CodeFacts::Kind::neverReturns;
}

bool LockFlow::endsBlock(const Instruction& instruction) const {
  switch (instruction.op) {
    case Op::jump:
    case Op::branch:
    case Op::ret:
    case Op::stop:
      return true;
    default:
      return neverReturns(instruction);
  }
}

/// `switch` by a table: lea table, base; jmp (base)(index*8). How many entries it has is not told;
/// they are those that lead into this function.
bool LockFlow::tableOf(std::uint32_t jump, std::vector<Addr>& out) const {
  constexpr std::uint32_t kLookBack = 8;
  constexpr std::size_t kMaxEntries = 1 << 12;
  const Operand& memory = code_[jump].a;
  if (memory.kind != Operand::Kind::memory || memory.base < 0 || memory.index < 0 ||
      memory.scale != sizeof(Addr)) {
    return false;
  }
  for (std::uint32_t i = jump; i > 0 && jump - i < kLookBack; --i) {
    const Instruction& before = code_[i - 1];
    if ((before.written >> memory.base & 1) == 0) continue;
    if (before.op != Op::address || before.b.base != kNoRegister || before.b.index != kNoRegister) {
      return false;
    }
    Addr at = static_cast<Addr>(before.b.value + memory.value);
    Addr target = 0;
    while (out.size() < kMaxEntries && facts_.word(at, target) && indexOf(target) != kNone) {
      out.push_back(target);
      at += sizeof(Addr);
    }
    return !out.empty();
  }
  return false;
}

/// Where the instruction leads within the function; false if that is not known.
bool LockFlow::successors(std::uint32_t at, std::vector<Addr>& out, bool& falls) const {
  const Instruction& instruction = code_[at];
  out.clear();
  falls = false;
  switch (instruction.op) {
    case Op::branch:
      falls = true;
      if (indexOf(instruction.destination()) == kNone) return false;
      out.push_back(instruction.destination());
      return true;
    case Op::jump:
      if (instruction.a.kind == Operand::Kind::memory) return tableOf(at, out);
      // Out of the function, or through a register, it is a call that does not come back here.
      if (indexOf(instruction.destination()) != kNone) out.push_back(instruction.destination());
      return true;
    case Op::ret:
    case Op::stop:
      return true;
    default:
      falls = !neverReturns(instruction);
      return true;
  }
}

bool LockFlow::makeBlocks() {
  std::vector<bool> starts(code_.size() + 1);
  starts[0] = true;
  std::vector<Addr> next;
  bool falls = false;
  for (std::uint32_t i = 0; i < code_.size(); ++i) {
    if (code_[i].op == Op::call) {
      defers_ =
          defers_ || (code_[i].destination() != 0 &&
                      facts_.callee(code_[i].destination()).kind == CodeFacts::Kind::runsDeferred);
    }
    if (!endsBlock(code_[i])) continue;
    starts[i + 1] = true;
    if (!successors(i, next, falls)) return false;
    for (const Addr target : next) starts[indexOf(target)] = true;
  }
  std::vector<std::uint32_t> blockAt(code_.size(), kNone);
  for (std::uint32_t i = 0; i < code_.size(); ++i) {
    if (starts[i]) {
      if (!blocks_.empty()) blocks_.back().last = i;
      blockAt[i] = static_cast<std::uint32_t>(blocks_.size());
      blocks_.push_back({.first = i});
    }
  }
  blocks_.back().last = static_cast<std::uint32_t>(code_.size());
  for (std::uint32_t index = 0; index < blocks_.size(); ++index) {
    Block& block = blocks_[index];
    successors(block.last - 1, next, falls);
    if (falls && block.last < code_.size()) {
      block.next.push_back(blockAt[block.last]);
      blocks_[blockAt[block.last]].from.push_back({index, false});
    }
    for (const Addr target : next) {
      const std::uint32_t to = blockAt[indexOf(target)];
      block.next.push_back(to);
      blocks_[to].from.push_back({index, true});
    }
  }
  return true;
}

/// Reverse postorder from the entry: a block comes behind all that lead to it, but for loops.
void LockFlow::number() {
  struct Visit {
    std::uint32_t block;
    std::size_t next;
  };
  std::vector<bool> seen(blocks_.size());
  std::vector<Visit> stack{{0, 0}};
  seen[0] = true;
  while (!stack.empty()) {
    Visit& top = stack.back();
    const Block& block = blocks_[top.block];
    if (top.next < block.next.size()) {
      const std::uint32_t to = block.next[top.next++];
      if (!seen[to]) {
        seen[to] = true;
        stack.push_back({to, 0});
      }
      continue;
    }
    order_.push_back(top.block);
    stack.pop_back();
  }
  std::ranges::reverse(order_);
  for (std::uint32_t i = 0; i < order_.size(); ++i) blocks_[order_[i]].order = i;
}

}  // namespace parked::leak
