#include "leak/wait_loops.h"

#include <algorithm>
#include <string_view>

#include "leak/code.h"

namespace parked::leak {

namespace {

constexpr std::uint64_t kMaxLoopCode = 1 << 18;

/// Whether the instruction before `from` can be reached from `from` on. Jumps to where a register
/// says are not followed.
bool leadsBack(const image::FunctionTable& functions, const std::vector<Instruction>& code,
               Addr from) {
  const auto indexOf = [&](Addr pc) {
    const auto at = std::ranges::lower_bound(code, pc, {}, &Instruction::pc);
    return at != code.end() && at->pc == pc ? static_cast<std::size_t>(at - code.begin())
                                            : code.size();
  };
  std::vector<bool> seen(code.size());
  std::vector<std::size_t> todo = {indexOf(from)};
  while (!todo.empty()) {
    const std::size_t i = todo.back();
    todo.pop_back();
    if (i >= code.size() || seen[i]) continue;
    seen[i] = true;
    const Instruction& instruction = code[i];
    if (instruction.next() == from) return true;
    if (instruction.op == Op::call && callEndsTheWay(functions, instruction.destination()))
      continue;
    if (instruction.op == Op::jump || instruction.op == Op::branch) {
      todo.push_back(indexOf(instruction.destination()));
    }
    if (instruction.op != Op::jump && instruction.op != Op::ret && instruction.op != Op::stop) {
      todo.push_back(i + 1);
    }
  }
  return false;
}

}  // namespace

bool callEndsTheWay(const image::FunctionTable& functions, Addr callee) {
  const image::FuncIndex index = functions.find(callee);
  if (index == image::kNoFunc) return false;
  const std::string_view name = functions.function(index).name;
  return neverReturns(name) || name.starts_with("runtime.morestack");
}

WaitLoops::WaitLoops(const golang::Snapshot& snapshot)
    : snapshot_(snapshot), stacks_(snapshot.stacks.size()) {
  if (snapshot.image == nullptr) return;
  const auto make = snapshot.image->target().arch().decoder;
  if (make != nullptr) decoder_ = make();
}

bool WaitLoops::comesBack(const golang::Goroutine& goroutine) {
  if (goroutine.stack >= stacks_.size()) return false;
  std::optional<bool>& known = stacks_[goroutine.stack];
  if (!known) known = ofStack(snapshot_.stacks[goroutine.stack]);
  return *known;
}

bool WaitLoops::ofStack(const golang::Stack& stack) {
  constexpr std::uint32_t kFrames = 200;
  for (std::uint32_t i = 0; i < std::min(stack.count, kFrames); ++i) {
    const golang::FramePc& frame = snapshot_.pcs[stack.first + i];
    if (frame.exact != 0) continue;
    const auto [known, isNew] = calls_.try_emplace(frame.pc, false);
    if (isNew) known->second = ofCall(frame.pc);
    if (known->second) return true;
  }
  return false;
}

bool WaitLoops::ofCall(Addr returnAddress) {
  const image::Image& image = *snapshot_.image;
  if (decoder_ == nullptr) return false;
  const image::FuncIndex index = image.functions().find(returnAddress - 1);
  if (index == image::kNoFunc) return false;
  const image::Function& function = image.functions().function(index);
  // The runtime's own loops are around what it waits for, not around the wait.
  if (isRuntimeFunction(function.name) || function.end <= function.entry ||
      function.end - function.entry > kMaxLoopCode) {
    return false;
  }
  const auto bytes =
      image.target().memory().bytesUpTo(function.entry, function.end - function.entry);
  const auto code = decoder_->decode(function.entry, bytes);
  return code && leadsBack(image.functions(), *code, returnAddress);
}

}  // namespace parked::leak
